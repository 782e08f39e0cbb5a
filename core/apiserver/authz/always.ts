// The authorizer that needs to know nothing but the user.
import type { Authorizer, Decision } from './authorizer.ts';

const NONE: Decision = Object.freeze({ verdict: 'none', reason: '' });
const ALLOW: Decision = Object.freeze({ verdict: 'allow', reason: '' });

/** Members of `group` may do everything. */
export const privilegedGroup = (group: string): Authorizer => ({ authorize: a => (a.user.groups.includes(group) ? ALLOW : NONE) });
