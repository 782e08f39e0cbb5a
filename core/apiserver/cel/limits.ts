// Limits of evaluation, as k8s.io/apiserver sets them.

/** No evaluation of one expression may cost more. */
export const PER_CALL_LIMIT = 1_000_000;
/** All expressions of one request (policies) or one object (rules of custom resources) together. */
export const RUNTIME_BUDGET = 10_000_000;
/** What one rule of a custom resource may cost by estimate. */
export const RULE_ESTIMATE_LIMIT = 10_000_000;
/** What all rules of one custom resource definition may cost by estimate. */
export const DEFINITION_ESTIMATE_LIMIT = 100_000_000;
/** Of an evaluation that was stopped. */
export const COST_EXCEEDED = 'operation cancelled: actual cost limit exceeded';
