import { semanticEqual } from '../../meta/equal.ts';
import { invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import type { DaemonSet, DaemonSetSpec } from '../../types/kubernetes.ts';
import { ageColumn, count, labelsText, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultPodTemplate, validateSelectedTemplate } from '../parts/pod-template.ts';
import { templateWarnings } from '../parts/pod-warnings.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';
import { containerColumns, isZero, nonNegative, notOver100, replicaHealth, selectorColumn, validateCounts, validateIntOrPercent } from '../parts/workload.ts';
import { asInternal, validateSelectorUpdate } from './deployment.ts';

/** Counts changes of the template; old clients read it. */
const GENERATION = 'deprecated.daemonset.template.generation';

const COUNTS = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady', 'observedGeneration', 'updatedNumberScheduled', 'numberAvailable', 'numberUnavailable', 'collisionCount'] as const;

function setDefaults(d: DaemonSet): void {
  const spec = d.spec;
  if (!spec) return;
  const strategy = (spec.updateStrategy ??= {});
  if (!strategy.type) strategy.type = 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    const rolling = strategy.rollingUpdate ??= {};
    rolling.maxUnavailable ??= 1;
    rolling.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  defaultPodTemplate(spec.template);
}

function validate(d: DaemonSet): FieldError[] {
  const spec = d.spec ?? ({} as DaemonSetSpec);
  const errors = validateLabelSelector(spec.selector, 'spec.selector'), selected = validateSelectedTemplate(spec.template, spec.selector, 'spec.template', 'DaemonSet');
  const mismatch = selected.filter(e => e.field === 'spec.template.metadata.labels');
  errors.push(...mismatch);
  if (spec.selector && Object.keys(spec.selector.matchLabels ?? {}).length + (spec.selector.matchExpressions?.length ?? 0) === 0) errors.push(invalid('spec.selector', spec.selector, 'empty selector is invalid for daemonset'));
  errors.push(...selected.filter(e => !mismatch.includes(e)), ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'));
  const strategy = spec.updateStrategy;
  if (strategy?.type === 'RollingUpdate') {
    const at = 'spec.updateStrategy.rollingUpdate', rolling = strategy.rollingUpdate;
    if (!rolling) return [...errors, required(at)];
    const { maxUnavailable, maxSurge } = rolling;
    errors.push(...validateIntOrPercent(maxUnavailable, `${at}.maxUnavailable`), ...validateIntOrPercent(maxSurge, `${at}.maxSurge`));
    errors.push(...notOver100(maxUnavailable, `${at}.maxUnavailable`), ...notOver100(maxSurge, `${at}.maxSurge`));
    if (!isZero(maxUnavailable) && !isZero(maxSurge)) errors.push(invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
    if (isZero(maxUnavailable) && isZero(maxSurge)) errors.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  } else if (strategy?.type !== 'OnDelete') errors.push(notSupported('spec.updateStrategy', asInternal(strategy ?? {}), ['RollingUpdate', 'OnDelete'], true));
  return [...errors, ...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit')];
}

export const daemonSet = defineKind<DaemonSet>({
  group: 'apps', version: 'v1', kind: 'DaemonSet', plural: 'daemonsets', namespaced: true,
  schema: 'io.k8s.api.apps.v1.DaemonSet', shortNames: ['ds'], categories: ['all'],
  subresources: [STATUS],
  generation: true,
  setDefaults,
  prepareForCreate(d) {
    d.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
    d.metadata!.annotations = { ...d.metadata?.annotations, [GENERATION]: '1' };
  },
  prepareForUpdate(next, prev) {
    keepStatus(next, prev);
    const before = Number(prev.metadata?.annotations?.[GENERATION] ?? 1);
    const changed = !semanticEqual(next.spec?.template, prev.spec?.template);
    next.metadata!.annotations = { ...next.metadata?.annotations, [GENERATION]: String(changed ? before + 1 : before) };
  },
  validate,
  validateUpdate: validateSelectorUpdate,
  validateStatusUpdate: (next, prev) => validateCounts(next.status, prev.status, COUNTS, []),
  warnings: (d, prev) => templateWarnings(d, prev, d.spec?.template, 'spec.template'),
  columns: [
    nameColumn,
    count('Desired', 'Number of nodes that should run the pod.', d => d.status?.desiredNumberScheduled ?? 0),
    count('Current', 'Number of nodes that run the pod.', d => d.status?.currentNumberScheduled ?? 0),
    count('Ready', 'Number of nodes whose pod is ready.', d => d.status?.numberReady ?? 0),
    count('Up-to-date', 'Number of nodes with the current template.', d => d.status?.updatedNumberScheduled ?? 0),
    count('Available', 'Number of nodes whose pod is available.', d => d.status?.numberAvailable ?? 0),
    text('Node Selector', 'Labels of the nodes chosen.', d => labelsText(d.spec?.template?.spec?.nodeSelector), { draw: 'labels' }),
    ageColumn,
    ...containerColumns<DaemonSet>(d => d.spec?.template),
    selectorColumn<DaemonSet>(d => d.spec?.selector),
  ],
  view: {
    nav: 'Workloads', icon: 'daemon', sections: ['conditions', 'rollout', 'daemonNodes', 'podTemplate', 'owners', 'events', 'labels'],
    actions: ['logs', 'shell', 'restart', 'rollback', 'setImage', 'yaml', 'delete'],
    health: d => replicaHealth(d.status?.desiredNumberScheduled ?? 0, d.status?.numberReady ?? 0, d.status?.conditions),
  },
});
