// Versions that Kubernetes serves no more, and how a manifest written for one becomes one of today (Kubernetes' "Deprecated API
// Migration Guide"). The server knows nothing of them: it answers 404 as Kubernetes does.
import { clone } from './clone.ts';
import type { KubeObject } from './object.ts';

export interface RemovedVersion {
  /** Kubernetes' minor version that stopped serving it: 16 for 1.16. */
  readonly since: number;
  /** What took its place; undefined where nothing did. */
  readonly to?: string;
}
/** `notes` are keys of what a person should look at, because it means something else now or could not be known; they stand in the IDE's catalogue. */
export interface Upgrade { readonly object: KubeObject; readonly notes: readonly Note[] }
export type Note = 'selectorFromLabels' | 'updateStrategy' | 'revisionHistory' | 'pathType' | 'emptySelector' | 'sideEffects' | 'signerName' | 'schemaOpen' | 'conversionReview';

type Any = Record<string, unknown>;
type Rewrite = (o: Any, note: (n: Note) => void, from: string) => void;
interface Rule extends RemovedVersion { readonly rewrite?: Rewrite }

const isMap = (v: unknown): v is Any => typeof v === 'object' && v !== null && !Array.isArray(v);
const map = (o: Any, key: string): Any => { const v = o[key]; if (isMap(v)) return v; const made: Any = {}; o[key] = made; return made; };
const maps = (v: unknown): Any[] => (Array.isArray(v) ? v.filter(isMap) : []);
function rename(o: Any, from: string, to: string): void {
  if (!(from in o)) return;
  o[to] ??= o[from];
  delete o[from];
}

/** Selectors used to follow the template's labels where a manifest named none. */
const workload: Rewrite = (o, note, from) => {
  const spec = map(o, 'spec');
  if (spec.selector === undefined) {
    const template = isMap(spec.template) ? spec.template : {}, metadata = isMap(template.metadata) ? template.metadata : {};
    if (isMap(metadata.labels)) { spec.selector = { matchLabels: { ...metadata.labels } }; note('selectorFromLabels'); }
  }
  delete spec.rollbackTo;
  delete spec.templateGeneration;
  const old = from === 'extensions/v1beta1' || from === 'apps/v1beta1';
  if (o.kind === 'DaemonSet' && from === 'extensions/v1beta1' && spec.updateStrategy === undefined) { spec.updateStrategy = { type: 'OnDelete' }; note('updateStrategy'); }
  if (o.kind === 'StatefulSet' && from === 'apps/v1beta1' && spec.updateStrategy === undefined) { spec.updateStrategy = { type: 'OnDelete' }; note('updateStrategy'); }
  if (o.kind === 'Deployment' && old && spec.revisionHistoryLimit === undefined) note('revisionHistory');
};

function backend(b: unknown): void {
  if (!isMap(b) || !('serviceName' in b || 'servicePort' in b)) return;
  const { serviceName, servicePort } = b;
  delete b.serviceName;
  delete b.servicePort;
  const port = typeof servicePort === 'number' || /^\d+$/.test(String(servicePort)) ? { number: Number(servicePort) } : { name: servicePort };
  b.service = { name: serviceName, ...(servicePort === undefined ? {} : { port }) };
}
const ingress: Rewrite = (o, note) => {
  const spec = map(o, 'spec');
  rename(spec, 'backend', 'defaultBackend');
  backend(spec.defaultBackend);
  for (const rule of maps(spec.rules)) for (const path of maps(isMap(rule.http) ? rule.http.paths : undefined)) {
    backend(path.backend);
    if (path.pathType === undefined) { path.pathType = 'ImplementationSpecific'; note('pathType'); }
  }
};

const budget: Rewrite = (o, note) => {
  const { selector } = map(o, 'spec');
  // In v1beta1 an empty selector meant no pod, in v1 it means every pod.
  if (isMap(selector) && Object.keys(selector).length === 0) note('emptySelector');
};

/** One metric of autoscaling/v2beta1, whose targets were fields of their own. */
function metric(m: Any): void {
  const type = String(m.type ?? ''), key = type.charAt(0).toLowerCase() + type.slice(1), source = m[key];
  if (!isMap(source)) return;
  const average = source.targetAverageValue, utilization = source.targetAverageUtilization, value = source.targetValue;
  for (const k of ['targetAverageValue', 'targetAverageUtilization', 'targetValue']) delete source[k];
  const target = utilization !== undefined ? { type: 'Utilization', averageUtilization: utilization } : average !== undefined ? { type: 'AverageValue', averageValue: average } : value !== undefined ? { type: 'Value', value } : undefined;
  if (type === 'Object') rename(source, 'target', 'describedObject');
  if (target) source.target = target;
  if (typeof source.metricName === 'string') {
    const selector = source.metricSelector ?? source.selector;
    source.metric = { name: source.metricName, ...(selector === undefined ? {} : { selector }) };
    for (const k of ['metricName', 'metricSelector', 'selector']) delete source[k];
  }
}
const autoscaler: Rewrite = (o, _note, from) => { if (from === 'autoscaling/v2beta1') for (const m of maps(map(o, 'spec').metrics)) metric(m); };

const definition: Rewrite = (o, note) => {
  const spec = map(o, 'spec');
  const { validation, subresources, additionalPrinterColumns, version, preserveUnknownFields } = spec;
  for (const k of ['validation', 'subresources', 'additionalPrinterColumns', 'version', 'preserveUnknownFields']) delete spec[k];
  if (maps(spec.versions).length === 0) spec.versions = [{ name: version ?? 'v1', served: true, storage: true }];
  for (const v of maps(spec.versions)) {
    if (v.schema === undefined && validation !== undefined) v.schema = clone(validation);
    if (v.subresources === undefined && subresources !== undefined) v.subresources = clone(subresources);
    if (v.additionalPrinterColumns === undefined && additionalPrinterColumns !== undefined) v.additionalPrinterColumns = clone(additionalPrinterColumns);
    for (const c of maps(v.additionalPrinterColumns)) rename(c, 'JSONPath', 'jsonPath');
    const root = map(map(v, 'schema'), 'openAPIV3Schema');
    root.type ??= 'object';
    // v1beta1 kept unknown fields unless told otherwise; without a schema v1 would drop all of them.
    if (preserveUnknownFields !== false && root['x-kubernetes-preserve-unknown-fields'] === undefined) { root['x-kubernetes-preserve-unknown-fields'] = true; note('schemaOpen'); }
  }
  const { conversion } = spec;
  if (isMap(conversion) && (conversion.webhookClientConfig !== undefined || conversion.conversionReviewVersions !== undefined)) {
    conversion.webhook = { ...(conversion.webhookClientConfig === undefined ? {} : { clientConfig: conversion.webhookClientConfig }), conversionReviewVersions: conversion.conversionReviewVersions ?? ['v1beta1'] };
    delete conversion.webhookClientConfig;
    delete conversion.conversionReviewVersions;
    note('conversionReview');
  }
};

/** What v1 no longer assumes is written down as v1beta1 assumed it; which side effects there are only its author knows. */
const webhooks: Rewrite = (o, note) => {
  for (const w of maps(o.webhooks)) {
    w.failurePolicy ??= 'Ignore';
    w.matchPolicy ??= 'Exact';
    w.timeoutSeconds ??= 30;
    w.admissionReviewVersions ??= ['v1beta1'];
    if (w.sideEffects !== 'None' && w.sideEffects !== 'NoneOnDryRun') note('sideEffects');
  }
};

const slice: Rewrite = o => {
  for (const e of maps(o.endpoints)) {
    const { topology } = e;
    delete e.topology;
    if (!isMap(topology)) continue;
    const { 'kubernetes.io/hostname': nodeName, 'topology.kubernetes.io/zone': zone, ...rest } = topology;
    if (nodeName !== undefined) e.nodeName ??= nodeName;
    if (zone !== undefined) e.zone ??= zone;
    if (Object.keys(rest).length > 0) e.deprecatedTopology = rest;
  }
};

const request: Rewrite = (o, note) => { if (!map(o, 'spec').signerName) note('signerName'); };
const shares: Rewrite = o => { const limited = map(o, 'spec').limited; if (isMap(limited)) rename(limited, 'assuredConcurrencyShares', 'nominalConcurrencyShares'); };
const runtime: Rewrite = (o, _note, from) => {
  if (from !== 'node.k8s.io/v1alpha1' || !isMap(o.spec)) return;
  const { runtimeHandler, overhead, scheduling } = o.spec;
  delete o.spec;
  Object.assign(o, { handler: runtimeHandler }, overhead === undefined ? {} : { overhead }, scheduling === undefined ? {} : { scheduling });
};

const RULES = new Map<string, Rule>();
function removed(since: number, to: string | undefined, from: readonly string[], kinds: readonly string[], rewrite?: Rewrite): void {
  for (const version of from) for (const kind of kinds) RULES.set(`${version}/${kind}`, { since, to, rewrite });
}
const RBAC = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];
removed(16, 'apps/v1', ['extensions/v1beta1', 'apps/v1beta1', 'apps/v1beta2'], ['Deployment'], workload);
removed(16, 'apps/v1', ['extensions/v1beta1', 'apps/v1beta2'], ['DaemonSet', 'ReplicaSet'], workload);
removed(16, 'apps/v1', ['apps/v1beta1', 'apps/v1beta2'], ['StatefulSet'], workload);
removed(16, 'apps/v1', ['apps/v1beta1', 'apps/v1beta2'], ['ControllerRevision']);
removed(16, 'networking.k8s.io/v1', ['extensions/v1beta1'], ['NetworkPolicy']);
removed(16, undefined, ['extensions/v1beta1'], ['PodSecurityPolicy']);
removed(22, 'networking.k8s.io/v1', ['extensions/v1beta1', 'networking.k8s.io/v1beta1'], ['Ingress'], ingress);
removed(22, 'networking.k8s.io/v1', ['networking.k8s.io/v1beta1'], ['IngressClass']);
removed(22, 'rbac.authorization.k8s.io/v1', ['rbac.authorization.k8s.io/v1beta1', 'rbac.authorization.k8s.io/v1alpha1'], RBAC);
removed(22, 'apiextensions.k8s.io/v1', ['apiextensions.k8s.io/v1beta1'], ['CustomResourceDefinition'], definition);
removed(22, 'admissionregistration.k8s.io/v1', ['admissionregistration.k8s.io/v1beta1'], ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'], webhooks);
removed(22, 'apiregistration.k8s.io/v1', ['apiregistration.k8s.io/v1beta1'], ['APIService']);
removed(22, 'certificates.k8s.io/v1', ['certificates.k8s.io/v1beta1'], ['CertificateSigningRequest'], request);
removed(22, 'coordination.k8s.io/v1', ['coordination.k8s.io/v1beta1'], ['Lease']);
removed(22, 'scheduling.k8s.io/v1', ['scheduling.k8s.io/v1beta1', 'scheduling.k8s.io/v1alpha1'], ['PriorityClass']);
removed(22, 'storage.k8s.io/v1', ['storage.k8s.io/v1beta1'], ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment']);
removed(25, 'batch/v1', ['batch/v1beta1', 'batch/v2alpha1'], ['CronJob']);
removed(25, 'policy/v1', ['policy/v1beta1'], ['PodDisruptionBudget'], budget);
removed(25, undefined, ['policy/v1beta1'], ['PodSecurityPolicy']);
removed(25, 'autoscaling/v2', ['autoscaling/v2beta1'], ['HorizontalPodAutoscaler'], autoscaler);
removed(26, 'autoscaling/v2', ['autoscaling/v2beta2'], ['HorizontalPodAutoscaler']);
removed(25, 'discovery.k8s.io/v1', ['discovery.k8s.io/v1beta1'], ['EndpointSlice'], slice);
removed(25, 'events.k8s.io/v1', ['events.k8s.io/v1beta1'], ['Event']);
removed(25, 'node.k8s.io/v1', ['node.k8s.io/v1beta1', 'node.k8s.io/v1alpha1'], ['RuntimeClass'], runtime);
removed(27, 'storage.k8s.io/v1', ['storage.k8s.io/v1beta1'], ['CSIStorageCapacity']);
removed(32, 'flowcontrol.apiserver.k8s.io/v1', ['flowcontrol.apiserver.k8s.io/v1alpha1', 'flowcontrol.apiserver.k8s.io/v1beta1', 'flowcontrol.apiserver.k8s.io/v1beta2', 'flowcontrol.apiserver.k8s.io/v1beta3'], ['FlowSchema', 'PriorityLevelConfiguration'], shares);

/** What became of this version of the kind; undefined for one that was never removed, or never was. */
export const removedVersion = (apiVersion: string, kind: string): RemovedVersion | undefined => RULES.get(`${apiVersion}/${kind}`);

/** The manifest as it is written today; undefined when its version was not removed or nothing took its place. `object` is left as it is. */
export function upgrade(object: KubeObject): Upgrade | undefined {
  const from = object.apiVersion ?? '', rule = RULES.get(`${from}/${object.kind ?? ''}`);
  if (rule?.to === undefined) return undefined;
  const next = clone(object) as KubeObject & Any;
  const notes = new Set<Note>();
  rule.rewrite?.(next, n => notes.add(n), from);
  next.apiVersion = rule.to;
  return { object: next, notes: [...notes] };
}
