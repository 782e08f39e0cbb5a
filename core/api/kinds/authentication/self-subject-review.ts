import type { SelfSubjectReview } from '../../types/kubernetes.ts';
import { defineReview } from '../parts/review.ts';

/** Who am I? */
export const selfSubjectReview = defineReview<SelfSubjectReview>('authentication.k8s.io', 'SelfSubjectReview');
