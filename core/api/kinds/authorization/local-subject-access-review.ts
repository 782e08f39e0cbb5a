import type { LocalSubjectAccessReview } from '../../types/kubernetes.ts';
import { defineReview } from '../parts/review.ts';

/** May that user do this in this namespace? */
export const localSubjectAccessReview = defineReview<LocalSubjectAccessReview>('authorization.k8s.io', 'LocalSubjectAccessReview', true);
