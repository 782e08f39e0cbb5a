import type { TokenReview } from '../../types/kubernetes.ts';
import { defineReview } from '../parts/review.ts';

/** Whom does this token stand for? */
export const tokenReview = defineReview<TokenReview>('authentication.k8s.io', 'TokenReview');
