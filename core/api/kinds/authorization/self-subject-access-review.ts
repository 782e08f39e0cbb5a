import type { SelfSubjectAccessReview } from '../../types/kubernetes.ts';
import { defineReview } from '../parts/review.ts';

/** May I do this? */
export const selfSubjectAccessReview = defineReview<SelfSubjectAccessReview>('authorization.k8s.io', 'SelfSubjectAccessReview');
