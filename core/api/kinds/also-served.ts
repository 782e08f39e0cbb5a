// What a server answers besides the kinds people look at: older versions of one of them, and questions that are never stored.
import { selfSubjectReview } from './authentication/self-subject-review.ts';
import { tokenReview } from './authentication/token-review.ts';
import { localSubjectAccessReview } from './authorization/local-subject-access-review.ts';
import { selfSubjectAccessReview } from './authorization/self-subject-access-review.ts';
import { selfSubjectRulesReview } from './authorization/self-subject-rules-review.ts';
import { subjectAccessReview } from './authorization/subject-access-review.ts';
import { horizontalPodAutoscalerV1 } from './autoscaling/horizontal-pod-autoscaler-v1.ts';
import type { KindSpec } from './kind.ts';

/** Served after the kinds of index.ts; no list, page or controller knows them. */
export const alsoServed: readonly KindSpec[] = [
  tokenReview, selfSubjectReview, localSubjectAccessReview, selfSubjectAccessReview, selfSubjectRulesReview, subjectAccessReview, horizontalPodAutoscalerV1,
];
