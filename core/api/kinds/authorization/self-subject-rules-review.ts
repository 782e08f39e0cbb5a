import type { SelfSubjectRulesReview } from '../../types/kubernetes.ts';
import { defineReview } from '../parts/review.ts';

/** What may I do in that namespace? */
export const selfSubjectRulesReview = defineReview<SelfSubjectRulesReview>('authorization.k8s.io', 'SelfSubjectRulesReview');
