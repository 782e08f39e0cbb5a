import { semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import type { LimitedPriorityLevelConfiguration, PriorityLevelConfiguration, QueuingConfiguration } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind, STATUS } from '../kind.ts';
import { conditionErrors } from './conditions.ts';
import { DEFAULT_PRIORITY_LEVELS } from './defaults.ts';

const MAX_QUEUES = 10_000_000;
/** A hand is dealt from one 64-bit hash; upstream leaves four bits of it unused. */
const MAX_HASH_BITS = 60;
const SHARES = 30;

const percentErrors = (value: number | undefined, at: string): FieldError[] =>
  value !== undefined && (value < 0 || value > 100) ? [invalid(at, value, 'must be between 0 and 100, inclusive')] : [];

/** Bits of hash that dealing `hand` of `deck` cards takes. */
function entropyBits(deck: number, hand: number): number {
  let bits = 0;
  for (let i = 0; i < hand; i++) bits += Math.log2(deck - i);
  return Math.ceil(bits);
}

function queuingErrors(q: QueuingConfiguration, at: string): FieldError[] {
  const errors: FieldError[] = [], queues = q.queues ?? 0, hand = q.handSize ?? 0, limit = q.queueLengthLimit ?? 0;
  if (limit <= 0) errors.push(invalid(`${at}.queueLengthLimit`, limit, 'must be positive'));
  if (queues <= 0) errors.push(invalid(`${at}.queues`, queues, 'must be positive'));
  else if (queues > MAX_QUEUES) errors.push(invalid(`${at}.queues`, queues, `must not be greater than ${MAX_QUEUES}`));
  if (hand <= 0) errors.push(invalid(`${at}.handSize`, hand, 'must be positive'));
  else if (hand > queues) errors.push(invalid(`${at}.handSize`, hand, `should not be greater than queues (${queues})`));
  else if (entropyBits(queues, hand) > MAX_HASH_BITS) errors.push(invalid(`${at}.handSize`, hand, `required entropy bits of deckSize ${queues} and handSize ${hand} should not be greater than ${MAX_HASH_BITS}`));
  return errors;
}

function limitedErrors(l: LimitedPriorityLevelConfiguration, at: string): FieldError[] {
  const errors: FieldError[] = [], shares = l.nominalConcurrencyShares ?? 0;
  if (shares < 0) errors.push(invalid(`${at}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'));
  errors.push(...percentErrors(l.lendablePercent, `${at}.lendablePercent`));
  if (l.borrowingLimitPercent !== undefined && l.borrowingLimitPercent < 0) errors.push(invalid(`${at}.borrowingLimitPercent`, l.borrowingLimitPercent, 'if specified, must be a non-negative integer'));
  const r = l.limitResponse, where = `${at}.limitResponse`;
  if (r?.type === 'Reject') {
    if (r.queuing) errors.push(forbidden(`${where}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'));
  } else if (r?.type === 'Queue') {
    if (r.queuing) errors.push(...queuingErrors(r.queuing, `${where}.queuing`));
    else errors.push(required(`${where}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'));
  } else errors.push(notSupported(`${where}.type`, r?.type ?? '', ['Queue', 'Reject']));
  return errors;
}

function validate(p: PriorityLevelConfiguration): FieldError[] {
  const errors: FieldError[] = [], name = p.metadata?.name ?? '', spec = p.spec!;
  if ((name === 'exempt') !== (spec.type === 'Exempt')) errors.push(invalid('spec.type', spec.type ?? '', "type must be 'Exempt' if and only if name is 'exempt'"));
  if (spec.type === 'Exempt') {
    if (spec.limited) errors.push(forbidden('spec.limited', 'must be nil if the type is not Limited'));
    const shares = spec.exempt?.nominalConcurrencyShares;
    if (shares !== undefined && shares < 0) errors.push(invalid('spec.exempt.nominalConcurrencyShares', shares, 'must be a non-negative integer'));
    errors.push(...percentErrors(spec.exempt?.lendablePercent, 'spec.exempt.lendablePercent'));
  } else if (spec.type === 'Limited') {
    if (spec.exempt) errors.push(forbidden('spec.exempt', 'must be nil if the type is Limited'));
    if (spec.limited) errors.push(...limitedErrors(spec.limited, 'spec.limited'));
    else errors.push(required('spec.limited', 'must not be empty when type is Limited'));
  } else errors.push(notSupported('spec.type', spec.type ?? '', ['Exempt', 'Limited']));
  if (name === 'exempt' && !semanticEqual({ ...spec, exempt: undefined }, { type: 'Exempt', exempt: undefined })) {
    errors.push(invalid('spec', spec, "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"));
  }
  if (name === 'catch-all' && !semanticEqual(spec, DEFAULT_PRIORITY_LEVELS[name])) errors.push(invalid('spec', spec, "spec of 'catch-all' must equal the fixed value"));
  errors.push(...conditionErrors(p.status?.conditions));
  return errors;
}

const queuing = (p: PriorityLevelConfiguration): QueuingConfiguration | undefined => p.spec?.limited?.limitResponse?.queuing;
const shown = (n: number | undefined): string => (n === undefined ? '<none>' : String(n));

export const priorityLevelConfiguration = defineKind<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io', version: 'v1', kind: 'PriorityLevelConfiguration', plural: 'prioritylevelconfigurations', namespaced: false,
  schema: 'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration', subresources: [STATUS], statusOnly: true, generation: true,
  setDefaults(p) {
    const spec = (p.spec ??= { type: '' });
    if (spec.type === 'Exempt') {
      spec.exempt ??= {};
      spec.exempt.nominalConcurrencyShares ??= 0;
      spec.exempt.lendablePercent ??= 0;
    }
    const l = spec.limited;
    if (l) {
      l.nominalConcurrencyShares ??= SHARES;
      l.lendablePercent ??= 0;
      const q = l.limitResponse?.queuing;
      if (q) { q.queues ||= 64; q.handSize ||= 8; q.queueLengthLimit ||= 50; }
    }
    p.status ??= {};
  },
  prepareForCreate(p) { p.status = {}; },
  prepareForUpdate(next, prev) { next.status = prev.status ?? {}; },
  validate,
  columns: [
    nameColumn,
    text('Type', 'Whether requests of this level are limited.', p => p.spec?.type ?? ''),
    text('NominalConcurrencyShares', 'The level\'s share of the server\'s seats.', p => shown(p.spec?.limited?.nominalConcurrencyShares)),
    text('Queues', 'How many queues the flows share.', p => shown(queuing(p)?.queues)),
    text('HandSize', 'How many queues a flow may use.', p => shown(queuing(p)?.handSize)),
    text('QueueLengthLimit', 'How many requests may wait in one queue.', p => shown(queuing(p)?.queueLengthLimit)),
    ageColumn,
  ],
  view: { nav: 'Cluster', icon: 'priority', sections: ['conditions', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
