import type { SubjectAccessReview } from '../../types/kubernetes.ts';
import { defineReview } from '../parts/review.ts';

/** May that user do this? */
export const subjectAccessReview = defineReview<SubjectAccessReview>('authorization.k8s.io', 'SubjectAccessReview');
