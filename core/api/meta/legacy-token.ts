// Words on secrets that hold a service account's token without an end of its own. Days are of the calendar in UTC: `2026-01-31`.

/** Label: the day the token was last used. */
export const TOKEN_LAST_USED = 'kubernetes.io/legacy-token-last-used';
/** Label: since that day the token holds no more. */
export const TOKEN_INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since';
/** The ConfigMap whose `since` says from which day on uses are noted. */
export const TOKEN_TRACKING = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' } as const;

/** The day of a moment in ms. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
/** The begin of a day in ms; NaN of what is no day. */
export const beginOfDay = (day: string | undefined): number => (/^\d{4}-\d\d-\d\d$/.test(day ?? '') ? Date.parse(`${day}T00:00:00Z`) : Number.NaN);
