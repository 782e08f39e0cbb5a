// What a namespace's labels say about the security of its pods.
import { invalid, type FieldError } from '../../../api/meta/field-error.ts';
import type { ObjectMeta, PodSpec } from '../../../api/types/kubernetes.ts';
import { violations, type Violation } from './checks.ts';

type Level = 'privileged' | 'baseline' | 'restricted';
export interface LevelVersion { readonly level: Level; /** Minor version; Infinity is `latest`. */ readonly minor: number }
export interface Policy { readonly enforce: LevelVersion; readonly audit: LevelVersion; readonly warn: LevelVersion; readonly errors: readonly FieldError[] }

const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted'];
const PREFIX = 'pod-security.kubernetes.io/';
const LATEST = Number.POSITIVE_INFINITY;
const NONE: LevelVersion = { level: 'privileged', minor: LATEST };
const OPEN: Policy = { enforce: NONE, audit: NONE, warn: NONE, errors: [] };

/** `restricted:v1.30`. */
export const levelText = (l: LevelVersion): string => `${l.level}:${l.minor === LATEST ? 'latest' : `v1.${l.minor}`}`;
export const strictness = (l: LevelVersion): number => LEVELS.indexOf(l.level);
export const sameLevel = (a: LevelVersion, b: LevelVersion): boolean => a.level === b.level && a.minor === b.minor;

const known = new WeakMap<object, Policy>();
/** The policy of a namespace with these labels (of a stored object: remembered by it). A wrong word for enforce is read as the strictest, for the others as none. */
export function policyOf(labels: Readonly<Record<string, string>> | undefined): Policy {
  if (!labels) return OPEN;
  let policy = known.get(labels);
  if (!policy) known.set(labels, policy = read(labels));
  return policy;
}

function read(labels: Readonly<Record<string, string>>): Policy {
  const errors: FieldError[] = [];
  const one = (mode: string, otherwise: Level): LevelVersion => {
    const level = labels[PREFIX + mode], version = labels[`${PREFIX}${mode}-version`];
    const ok = level === undefined || LEVELS.includes(level), m = version === undefined || version === 'latest' ? undefined : /^v1\.(0|[1-9]\d*)$/.exec(version);
    if (!ok) errors.push(invalid(`metadata.labels[${PREFIX}${mode}]`, level, `must be one of ${LEVELS.join(', ')}`));
    if (m === null) errors.push(invalid(`metadata.labels[${PREFIX}${mode}-version]`, version, 'must be "latest" or "v1.x"'));
    return { level: !ok ? otherwise : (level as Level | undefined) ?? 'privileged', minor: m ? Number(m[1]) : LATEST };
  };
  const enforce = one('enforce', 'restricted'), audit = one('audit', 'privileged'), warn = one('warn', 'privileged');
  const said = (mode: string): boolean => labels[PREFIX + mode] !== undefined;
  // Who enforces warns, unless the labels say otherwise: workloads are told before their pods are refused.
  return { enforce, audit, errors, warn: !said('warn') && strictness(enforce) > 0 ? { level: enforce.level, minor: labels[`${PREFIX}warn-version`] === undefined ? enforce.minor : warn.minor } : warn };
}

/** What of a pod a level forbids. */
export const check = (l: LevelVersion, meta: ObjectMeta, spec: PodSpec): Violation[] => (l.level === 'privileged' ? [] : violations(l.level, l.minor, meta, spec));
export const reasonsText = (list: readonly Violation[]): string => list.map(v => v.reason).join(', ');
export const detailText = (list: readonly Violation[]): string => list.map(v => (v.detail ? `${v.reason} (${v.detail})` : v.reason)).join(', ');
