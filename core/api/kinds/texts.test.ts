// What is refused in the kinds beyond core, in Kubernetes' own words and order: object -> texts.
import { describe, expect, test } from 'vitest';
import { clone } from '../meta/clone.ts';
import { fieldErrorText } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import { kindOf } from './index.ts';
import type { KindSpec } from './kind.ts';

type Change = (o: Record<string, any>) => void; // oxlint-disable-line no-explicit-any
const specOf = (apiVersion: string, kind: string): KindSpec => kindOf(apiVersion, kind)!;
function made(k: KindSpec, o: object): KubeObject {
  const object = clone({ metadata: { name: 'x', uid: 'u', ...(k.namespaced ? { namespace: 'd' } : {}) }, ...o }) as KubeObject;
  k.setDefaults?.(object);
  k.prepareForCreate?.(object);
  return object;
}
/** What a POST is told. */
function create(apiVersion: string, kind: string, o: object): string[] {
  const k = specOf(apiVersion, kind), object = made(k, o);
  return [...k.validate(object), ...(k.validateCreate?.(object) ?? [])].map(fieldErrorText);
}
/** What a PUT is told; `status` of the old object is what a controller wrote. */
function update(apiVersion: string, kind: string, o: object, change: Change, status?: object): string[] {
  const k = specOf(apiVersion, kind), prev = Object.assign(made(k, o), status ? { status } : {}), next = clone(prev);
  change(next as Record<string, any>); // oxlint-disable-line no-explicit-any
  k.setDefaults?.(next);
  k.prepareForUpdate?.(next, prev);
  return [...k.validate(next), ...(k.validateUpdate?.(next, prev) ?? [])].map(fieldErrorText);
}
/** What a PUT of /status is told. */
function status(apiVersion: string, kind: string, o: object, from: object, to: object): string[] {
  const k = specOf(apiVersion, kind), prev = { ...made(k, o), status: from } as KubeObject, next = { ...clone(prev), status: to } as KubeObject;
  return k.validateStatusUpdate!(next, prev).map(fieldErrorText);
}

const labels = { app: 'x' }, container = { name: 'c', image: 'i' };
const template = { metadata: { labels }, spec: { containers: [container] } }, workload = { selector: { matchLabels: labels }, template };
const METRICS = '"ContainerResource", "External", "Object", "Pods", "Resource"';
const HOOKS = 'admissionregistration.k8s.io/v1';
const batchPod = { metadata: {}, spec: { restartPolicy: 'Never', containers: [container] } };

test.each<[string, string, string, object, string[]]>([
  ['a deadline in a template', 'apps/v1', 'Deployment', { spec: { ...workload, template: { ...template, spec: { ...template.spec, activeDeadlineSeconds: 1 } } } }, ['spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported']],
  ['no selector', 'apps/v1', 'DaemonSet', { spec: { template } }, ['spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`']],
  ['an empty selector', 'apps/v1', 'StatefulSet', { spec: { ...workload, selector: {} } }, ['spec.selector: Invalid value: {}: empty selector is invalid for statefulset']],
  ['a strategy', 'apps/v1', 'DaemonSet', { spec: { ...workload, updateStrategy: { type: 'x' } } }, ['spec.updateStrategy: Unsupported value: {"Type":"x","RollingUpdate":null}: supported values: "RollingUpdate", "OnDelete"']],
  ['both ways of an update', 'apps/v1', 'DaemonSet', { spec: { ...workload, updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } } }, ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero']],
  ['a strategy of none', 'apps/v1', 'StatefulSet', { spec: { ...workload, updateStrategy: { type: 'x' } } }, ['spec.updateStrategy: Invalid value: {"Type":"x","RollingUpdate":null}: must be \'RollingUpdate\' or \'OnDelete\'']],
  ['none of one', 'apps/v1', 'StatefulSet', { spec: { ...workload, updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } } }, ['spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0']],
  ['what becomes of claims', 'apps/v1', 'StatefulSet', { spec: { ...workload, persistentVolumeClaimRetentionPolicy: { whenScaled: 'x' } } }, ['spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "x": supported values: "Retain", "Delete"']],
  ['mounts of claims yet to be made', 'apps/v1', 'StatefulSet', { spec: { ...workload, template: { ...template, spec: { containers: [{ ...container, volumeMounts: [{ name: 'data', mountPath: '/d' }] }] } }, volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }] } }, []],
  ['mounts of nothing, claims of nothing', 'apps/v1', 'StatefulSet', { spec: { ...workload, serviceName: 'A', template: { ...template, spec: { containers: [{ ...container, volumeMounts: [{ name: 'data', mountPath: '/d' }] }] } }, volumeClaimTemplates: [{ metadata: { name: 'other' }, spec: { accessModes: ['ReadWriteOnce'] } }] } }, [
    'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"', 'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
    expect.stringMatching(/^spec\.serviceName: Invalid value: "A": a lowercase RFC 1123 label/) as unknown as string,
  ]],
  ['a revision of nothing', 'apps/v1', 'ControllerRevision', { revision: -1 }, ['data: Required value: data is mandatory', 'revision: Invalid value: -1: must be greater than or equal to 0']],
  ['labels that are the job\'s', 'batch/v1', 'Job', { spec: { template: { ...batchPod, metadata: { labels: { 'controller-uid': 'y' } } }, selector: { matchLabels: { 'controller-uid': 'y' } } } }, [
    'spec.template.metadata.labels[controller-uid]: Invalid value: {"batch.kubernetes.io/controller-uid":"u","batch.kubernetes.io/job-name":"x","controller-uid":"y","job-name":"x"}: must be \'u\'',
    'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"u","controller-uid":"y"}}: `selector` not auto-generated',
  ]],
  ['host names of indexes', 'batch/v1', 'Job', { metadata: { name: 'a'.repeat(62), namespace: 'd', uid: 'u' }, spec: { completionMode: 'Indexed', completions: 11, parallelism: 1, template: batchPod } }, [`metadata.name: Invalid value: "${'a'.repeat(62)}": will not able to create pod with invalid DNS label: ${'a'.repeat(62)}-10`]],
  ['a policy that names nothing', 'batch/v1', 'Job', { spec: { template: batchPod, podFailurePolicy: { rules: [{ onExitCodes: { values: [1] } }] } } }, ['spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]', 'spec.podFailurePolicy.rules[0].onExitCodes.operator: Required value: valid values: ["In" "NotIn"]']],
  ['indexes of success', 'batch/v1', 'Job', { spec: { completionMode: 'Indexed', completions: 5, template: batchPod, successPolicy: { rules: [{ succeededIndexes: '1-3,2' }, { succeededIndexes: '0-1', succeededCount: 3 }, { succeededIndexes: '7' }, {}] } } }, [
    'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "1-3,2": error parsing succeededIndexes: non-increasing order, previous: 3, current: 2',
    'spec.successPolicy.rules[1].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
    'spec.successPolicy.rules[2].succeededIndexes: Invalid value: "7": error parsing succeededIndexes: too large index: "7"',
    'spec.successPolicy.rules[3]: Required value: at least one of succeededCount or succeededIndexes must be specified',
  ]],
  ['a zone in a schedule', 'batch/v1', 'CronJob', { spec: { schedule: 'TZ=UTC 0 0 * * *', jobTemplate: { spec: { template: batchPod } } } }, ['spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead']],
  ['a selector of a template', 'batch/v1', 'CronJob', { spec: { schedule: '@daily', jobTemplate: { spec: { template: batchPod, selector: {}, manualSelector: true } } } }, ['spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated', 'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"']],
  ['a metric of no type', 'autoscaling/v2', 'HorizontalPodAutoscaler', { spec: { scaleTargetRef: { kind: 'Deployment', name: 'x' }, maxReplicas: 1, metrics: [{ pods: { metric: { name: 'm' }, target: { averageValue: '1' } } }] } }, [
    `spec.metrics[0].type: Required value: must specify a metric source type`, `spec.metrics[0].type: Unsupported value: "": supported values: ${METRICS}`,
    'spec.metrics[0].pods.target.type: Required value: must specify a metric target type', 'spec.metrics[0].pods.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
    `spec.metrics[0].type: Unsupported value: "": supported values: ${METRICS}`,
  ]],
  ['both bounds', 'policy/v1', 'PodDisruptionBudget', { spec: { minAvailable: 1, maxUnavailable: '1%' } }, ['spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":"1%","UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set']],
  ['a system class for all', 'scheduling.k8s.io/v1', 'PriorityClass', { metadata: { name: 'system-node-critical' }, value: 2_000_001_000, globalDefault: true }, ["metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: globalDefault of system-node-critical PriorityClass must be false"]],
  ['who makes room', 'scheduling.k8s.io/v1', 'PriorityClass', { preemptionPolicy: 'x' }, ['preemptionPolicy: Unsupported value: "x": supported values: "PreemptLowerPriority", "Never"']],
  ['an ingress of nothing', 'networking.k8s.io/v1', 'Ingress', { spec: {} }, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
  ['backends', 'networking.k8s.io/v1', 'Ingress', { spec: { defaultBackend: {}, ingressClassName: 'A', rules: [{ http: { paths: [{ path: '/a/..', pathType: 'Prefix', backend: { service: { name: 'a' } } }, { backend: {} }] } }] } }, [
    'spec.defaultBackend: Invalid value: "": resource or service backend is required', 'spec.rules[0].http.paths[0].path: Invalid value: "/a/..": cannot end with \'/..\'',
    'spec.rules[0].http.paths[0].backend: Required value: port name or number is required', 'spec.rules[0].http.paths[1].pathType: Required value: pathType must be specified',
    expect.stringMatching(/^spec\.ingressClassName: Invalid value: "A": a lowercase RFC 1123 subdomain/) as unknown as string,
  ]],
  ['a controller with spaces', 'networking.k8s.io/v1', 'IngressClass', { spec: { controller: 'a.b/c d' } }, ["spec.controller: Invalid value: \"c d\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"]],
  ['topologies', 'storage.k8s.io/v1', 'StorageClass', { provisioner: 'a/b', allowedTopologies: [{ matchLabelExpressions: [{ key: 'z', values: ['1', '1'] }] }, { matchLabelExpressions: [{ key: 'z', values: ['1'] }] }] }, ['allowedTopologies.matchLabelExpressions[0].values[1]: Duplicate value: "1"', 'allowedTopologies[1].matchLabelExpressions: Duplicate value: ""']],
  ['subjects and roles of no kind', 'rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef: { kind: 'x', name: 'y' }, subjects: [{ kind: 'x', name: 'y' }] }, ['roleRef.kind: Unsupported value: "x": supported values: "Role", "ClusterRole"', 'subjects[0].kind: Unsupported value: "x": supported values: "ServiceAccount", "User", "Group"']],
  ['an aggregate of nothing', 'rbac.authorization.k8s.io/v1', 'ClusterRole', { aggregationRule: {} }, ['aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil']],
  ['a webhook', HOOKS, 'ValidatingWebhookConfiguration', { webhooks: [{ name: 'a.b', sideEffects: 'None', admissionReviewVersions: ['v2'], clientConfig: { url: 'http://u@h?q#f' }, rules: [{ operations: ['*', 'GET'], apiGroups: [''], apiVersions: ['*', ''], resources: ['*', 'pods', 'pods/*', 'pods/log'] }] }] }, [
    'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
    'webhooks[0].rules[0].operations: Invalid value: ["*","GET"]: if \'*\' is present, must not specify other operations',
    'webhooks[0].rules[0].operations[1]: Unsupported value: "GET": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
    'webhooks[0].rules[0].apiVersions: Invalid value: ["*",""]: if \'*\' is present, must not specify other API versions', 'webhooks[0].rules[0].apiVersions[1]: Required value',
    'webhooks[0].rules[0].resources[3]: Invalid value: "pods/log": if \'pods/*\' is present, must not specify pods/log',
    'webhooks[0].rules[0].resources: Invalid value: ["*","pods","pods/*","pods/log"]: if \'*\' is present, must not specify other resources without subresources',
    'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]', 'webhooks[0].clientConfig.url: Invalid value: "u": user information is not permitted in the URL',
    'webhooks[0].clientConfig.url: Invalid value: "f": fragments are not permitted in the URL', 'webhooks[0].clientConfig.url: Invalid value: "q": query parameters are not permitted in the URL',
    'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1',
  ]],
  ...['ValidatingAdmissionPolicyBinding', 'MutatingAdmissionPolicyBinding'].map((kind): [string, string, string, object, string[]] => [`what a ${kind} gives`, HOOKS, kind, { spec: { policyName: 'p', validationActions: ['Deny'], paramRef: { parameterNotFoundAction: 'x' } } }, [
    'spec.paramRef: Required value: one of name or selector must be specified', 'spec.paramRef.parameterNotFoundAction: Unsupported value: "x": supported values: "Deny", "Allow"',
  ]]),
  ['a signer', 'certificates.k8s.io/v1', 'CertificateSigningRequest', { spec: { request: 'x', usages: ['any'], signerName: 'a/b..c' } }, [
    'spec.signerName: Invalid value: "a": should be a domain with at least two segments separated by dots', expect.stringMatching(/^spec\.signerName: Invalid value: "b\.\.c": validating label "": a lowercase RFC 1123 subdomain/) as unknown as string,
  ]],
  ['parts of a definition', 'apiextensions.k8s.io/v1', 'CustomResourceDefinition', { metadata: { name: 'as.b.c' }, spec: { group: 'b.c', scope: 'Namespaced', names: { plural: 'as', kind: 'A' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } }, additionalPrinterColumns: [{ name: 'x', type: 'y', jsonPath: '.a' }] }] } }, [
    'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields', 'spec.additionalPrinterColumns[0].type: Invalid value: "y": must be one of boolean,date,integer,number,string',
  ]],
])('%s', (_what, apiVersion, kind, object, expected) => expect(create(apiVersion, kind, object)).toEqual(expected));

describe('updates', () => {
  const indexed = { spec: { completionMode: 'Indexed', completions: 3, parallelism: 3, template: batchPod } }, held = { spec: { suspend: true, template: batchPod } };
  test.each<[string, string, string, object, Change, object | undefined, string[]]>([
    ['completions and parallelism go together', 'batch/v1', 'Job', indexed, o => { o.spec.completions = 4; }, undefined, ['spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism']],
    ['and may', 'batch/v1', 'Job', indexed, o => { o.spec.completions = 4; o.spec.parallelism = 4; }, undefined, []],
    ['where pods of a held job may run', 'batch/v1', 'Job', held, o => { Object.assign(o.spec.template.spec, { nodeSelector: { a: 'b' }, tolerations: [{ operator: 'Exists' }], affinity: { nodeAffinity: {} } }); o.spec.template.metadata.annotations = { a: 'b' }; }, undefined, []],
    ['what they need', 'batch/v1', 'Job', held, o => { o.spec.template.spec.containers[0].resources = { requests: { cpu: '2' } }; }, undefined, []],
    ['not of one that runs', 'batch/v1', 'Job', { spec: { template: batchPod } }, o => { o.spec.template.spec.nodeSelector = { a: 'b' }; }, { startTime: '2026-01-01T00:00:00Z' }, [expect.stringMatching(/^spec\.template: Invalid value: .*: field is immutable$/) as unknown as string]],
    ['pods of a held job have no new neighbours', 'batch/v1', 'Job', held, o => { o.spec.template.spec.affinity = { podAffinity: {} }; }, undefined, [expect.stringMatching(/^spec\.template: .*: field is immutable$/) as unknown as string]],
    ['an old schedule keeps its zone, but no two', 'batch/v1', 'CronJob', { spec: { schedule: 'TZ=UTC 0 0 * * *', jobTemplate: { spec: { template: batchPod } } } }, o => { o.spec.timeZone = 'UTC'; }, undefined, ['spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule']],
    ['a binding keeps its role', 'rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef: { kind: 'Role', name: 'a' } }, o => { o.roleRef.name = 'b'; }, undefined, ['roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: field is immutable']],
  ])('%s', (_what, apiVersion, kind, object, change, was, expected) => expect(update(apiVersion, kind, object, change, was)).toEqual(expected));
});

test('warnings: names and templates of what is new, templates of what has changed', () => {
  const k = specOf('apps/v1', 'Deployment'), o = (name: string, generation: number): KubeObject => ({ metadata: { name, generation }, spec: { template: { spec: { terminationGracePeriodSeconds: -1 } } } } as KubeObject);
  const grace = 'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1';
  expect(k.warnings!(o('a.b', 1))).toEqual(['metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]', grace]);
  expect(k.warnings!(o('a.b', 2), o('a.b', 1))).toEqual([grace]);
  expect(k.warnings!(o('a.b', 2), o('a.b', 2))).toEqual([]);
});

describe('status', () => {
  const job = { spec: { template: batchPod } }, at = '2026-01-01T00:00:00Z', is = (...types: string[]): object[] => types.map(type => ({ type, status: 'True' }));
  test.each<[string, string, string, object, object, object, string[]]>([
    ['counts', 'apps/v1', 'Deployment', { spec: workload }, { collisionCount: 2 }, { replicas: 1, readyReplicas: 2, availableReplicas: 3, collisionCount: 1 }, ['status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas', 'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas', 'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas', 'status.collisionCount: Invalid value: 1: cannot be decremented']],
    ['counts of a StatefulSet', 'apps/v1', 'StatefulSet', { spec: workload }, {}, { replicas: 1, currentReplicas: -1, availableReplicas: 1 }, ['status.currentReplicas: Invalid value: -1: must be greater than or equal to 0', 'status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas']],
    ['a job that completes', 'batch/v1', 'Job', job, { startTime: at, conditions: is('SuccessCriteriaMet') }, { startTime: at, completionTime: at, conditions: is('SuccessCriteriaMet', 'Complete') }, []],
    ['all at once', 'batch/v1', 'Job', job, {}, { active: 1, conditions: is('Complete') }, [
      'status.completionTime: Required value: completionTime is required for Complete jobs', 'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      'status.active: Invalid value: 1: active>0 is invalid for finished job', 'status.startTime: Required value: startTime is required for finished job',
    ]],
    ['no way back', 'batch/v1', 'Job', job, { startTime: at, failed: 2, conditions: is('FailureTarget', 'Failed') }, { startTime: at, failed: 1 }, ['status.conditions: Invalid value: cannot disable the terminal Failed=True condition', 'status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition', 'status.failed: Invalid value: 1: cannot decrease the failed counter']],
    ['a job that runs began when it began', 'batch/v1', 'Job', job, { startTime: at }, {}, ['status.startTime: Invalid value: null: field is immutable for unsuspended job once set']],
    ['one that is resumed begins anew', 'batch/v1', 'Job', job, { startTime: at, conditions: is('Suspended') }, { startTime: '2026-01-01T00:01:00Z', conditions: [{ type: 'Suspended', status: 'False' }] }, []],
    ['one of nothing is done without having begun', 'batch/v1', 'Job', { spec: { completions: 0, suspend: true, template: batchPod } }, {}, { completionTime: at, conditions: is('SuccessCriteriaMet', 'Complete') }, []],
    ['indexes that did both', 'batch/v1', 'Job', { spec: { completionMode: 'Indexed', completions: 9, backoffLimitPerIndex: 1, template: batchPod } }, {}, { completedIndexes: '0-3,5', failedIndexes: '4,5-6' }, ['status.failedIndexes: Invalid value: "4,5-6": failedIndexes and completedIndexes overlap at index: 5']],
    ['conditions', 'policy/v1', 'PodDisruptionBudget', { spec: {} }, {}, { disruptionsAllowed: -1, conditions: [{ type: 'A', status: 'x', reason: '1' }, { type: 'A', status: 'True', reason: 'R', lastTransitionTime: at }] }, [
      'status.conditions[0].status: Unsupported value: "x": supported values: "False", "True", "Unknown"', 'status.conditions[0].lastTransitionTime: Required value: must be set',
      expect.stringMatching(/^status\.conditions\[0\]\.reason: Invalid value: "1": a condition reason must start with alphabetic character/) as unknown as string,
      'status.conditions[1].type: Duplicate value: "A"', 'status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0',
    ]],
    ['where an ingress is', 'networking.k8s.io/v1', 'Ingress', { spec: { rules: [] } }, {}, { loadBalancer: { ingress: [{ ip: 'x' }, { hostname: '10.0.0.1' }] } }, ['status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'status.loadBalancer.ingress[1].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address']],
  ])('%s', (_what, apiVersion, kind, object, from, to, expected) => expect(status(apiVersion, kind, object, from, to)).toEqual(expected));
});
