// The plug-ins whose rules are objects of the cluster: webhooks and admission policies.
import type { AdmissionPlugin } from './chain.ts';
import type { Env } from './matching.ts';
import { mutatingAdmissionPolicies } from './policies/mutating.ts';
import { validatingAdmissionPolicies } from './policies/validating.ts';
import { mutatingWebhooks, validatingWebhooks } from './webhooks/webhooks.ts';

export const dynamicPlugins = (env: () => Env): AdmissionPlugin[] => [mutatingAdmissionPolicies(env), mutatingWebhooks(env), validatingAdmissionPolicies(env), validatingWebhooks(env)];
