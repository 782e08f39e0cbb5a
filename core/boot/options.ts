// The command line of `pilothouse up`, parsed at the door.
import { parseArgs } from 'node:util';
import { isIPv4 } from 'node:net';
import { dirname, resolve } from 'node:path';
import { parseAdmissionConfiguration, type AdmissionConfiguration } from '../apiserver/admission/configuration.ts';
import { ADMISSION_ORDER } from '../apiserver/admission/plugins.ts';
import { readFileSync } from 'node:fs';
import type { LogFileOptions } from '../apiserver/audit/log-file.ts';
import { parsePolicy, type Policy } from '../apiserver/audit/policy.ts';
import { parseSchedulerConfiguration, type SchedulerConfiguration } from '../scheduler/configuration.ts';
import { rangeOf } from '../base/cidr.ts';
import { defaultDataDir } from './paths.ts';
import { UsageError, type Address } from './refusal.ts';

export type RuntimeChoice = 'auto' | 'docker' | 'sandbox' | 'simulated';

/** What is logged, and where. */
export interface AuditOptions { policy: Policy; log: LogFileOptions }

export interface UpOptions {
  data: string;
  listen: Address;
  /** undefined with --no-ui. */
  ui: Address | undefined;
  runtime: RuntimeChoice;
  nodes: number;
  /** Besides <data>/kubeconfig. */
  kubeconfig: string | undefined;
  /** undefined: as the cluster was made, 10.244.0.0/16 and 10.96.0.0/16 for a new one. */
  podCidr: string | undefined;
  serviceCidr: string | undefined;
  audit: AuditOptions | undefined;
  scheduler: boolean;
  /** What --scheduler-config-file says; undefined: the default scheduler alone. */
  schedulerConfiguration?: SchedulerConfiguration | undefined;
  /** Kubernetes' --controllers: '*', 'name', '-name'. */
  controllers: string[];
  disabledAdmission: string[];
  enabledAdmission: string[];
  /** What --admission-control-config-file says. */
  admissionConfiguration?: AdmissionConfiguration | undefined;
  leaveRunning: boolean;
  /** Open the user interface in the browser when ready. */
  open: boolean;
  verbose: boolean;
}

const RUNTIMES: readonly string[] = ['auto', 'docker', 'sandbox', 'simulated'];

/** `127.0.0.1:6443`, `[::1]:0`. Throws UsageError naming `flag`. */
export function parseAddress(flag: string, text: string): Address {
  const m = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (!m || Number(m[3]) > 65535) throw new UsageError(`${flag} ${text}: expected ADDRESS:PORT, for example 127.0.0.1:6443`);
  return { host: m[1] ?? m[2]!, port: Number(m[3]) };
}

/** Addresses that mean something else everywhere. */
const SPECIAL: readonly (readonly [string, string])[] = [['0.0.0.0/8', '"this network"'], ['127.0.0.0/8', 'loopback'], ['169.254.0.0/16', 'link-local'], ['224.0.0.0/3', 'multicast and reserved']];
const overlap = (a: string, b: string): boolean => {
  const [x, y] = [rangeOf(a), rangeOf(b)];
  return x.base < y.base + y.size && y.base < x.base + x.size;
};

/** Throws UsageError when pods and services would share addresses. */
export function refuseOverlap(r: { podCidr: string; serviceCidr: string }): void {
  if (overlap(r.podCidr, r.serviceCidr)) throw new UsageError(`--pod-cidr ${r.podCidr} and --service-cidr ${r.serviceCidr} overlap: pods and services need addresses of their own`);
}

function cidr(flag: string, text: string | undefined, maxPrefix: number): string | undefined {
  if (text === undefined) return undefined;
  const [ip, bits, more] = text.split('/');
  if (!ip || !isIPv4(ip) || more !== undefined || !/^\d+$/.test(bits ?? '') || Number(bits) < 8 || Number(bits) > maxPrefix) {
    throw new UsageError(`${flag} ${text}: expected an IPv4 range between /8 and /${maxPrefix}, for example 10.244.0.0/16`);
  }
  const { base, size } = rangeOf(text);
  if (base % size !== 0) throw new UsageError(`${flag} ${text}: the address has bits set to the right of the prefix`);
  const special = SPECIAL.find(([range]) => overlap(text, range));
  if (special) throw new UsageError(`${flag} ${text}: ${special[0]} is ${special[1]}; take a private range, for example 10.244.0.0/16`);
  return text;
}

const PLUGINS: ReadonlySet<string> = new Set(ADMISSION_ORDER);
/** What Pilothouse does not have, and what does its work. */
const NOT_SERVED: Readonly<Record<string, string>> = {
  ImagePolicyWebhook: 'a ValidatingWebhookConfiguration for pods does its work',
  EventRateLimit: 'priority and fairness keeps noisy clients apart',
};

/** Plug-ins that this server does not have may be switched off all the same; other words are mistakes. */
function plugins(flag: string, names: string[]): string[] {
  const unknown = names.find(n => !PLUGINS.has(n));
  if (unknown !== undefined) throw new UsageError(`${flag} plugin "${unknown}" is unknown`);
  return names;
}

function admission(on: string[], off: string[]): { enabledAdmission: string[]; disabledAdmission: string[] } {
  const out = { enabledAdmission: plugins('enable-admission-plugins', on), disabledAdmission: plugins('disable-admission-plugins', off) };
  const both = on.filter(n => off.includes(n));
  if (both.length > 0) throw new UsageError(`[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`);
  const missing = on.find(n => NOT_SERVED[n] !== undefined);
  if (missing !== undefined) throw new UsageError(`--enable-admission-plugins ${missing}: Pilothouse has no ${missing}; ${NOT_SERVED[missing]!}`);
  return out;
}

const list = (values: string[] | undefined): string[] | undefined => values?.flatMap(v => v.split(',')).map(v => v.trim()).filter(Boolean);

/** Kubernetes' audit flags; undefined when no log is asked for. Throws UsageError for a policy that cannot be read. */
function audit(v: Readonly<Record<string, unknown>>): AuditOptions | undefined {
  const text = (name: string): string | undefined => v[name] as string | undefined, path = text('audit-log-path'), file = text('audit-policy-file');
  const whole = (name: string): number => {
    const given = text(name) ?? '0';
    if (!/^\d+$/.test(given)) throw new UsageError(`--${name} ${given}: expected a whole number`);
    return Number(given);
  };
  const log = { maxSize: whole('audit-log-maxsize'), maxBackups: whole('audit-log-maxbackup'), maxAge: whole('audit-log-maxage') };
  if (!path && !file) return undefined;
  if (!path || !file) throw new UsageError(`--${path ? 'audit-log-path' : 'audit-policy-file'} needs --${path ? 'audit-policy-file' : 'audit-log-path'}: the policy says what is logged, the path where`);
  let policy: Policy;
  try { policy = parsePolicy(readFileSync(file, 'utf8')); } catch (e) { throw new UsageError(`--audit-policy-file ${file}: ${e instanceof Error ? e.message : String(e)}`); }
  return { policy, log: { path: path === '-' ? path : resolve(path), ...log } };
}

function schedulerConfiguration(file: string | undefined): SchedulerConfiguration | undefined {
  if (file === undefined) return undefined;
  try { return parseSchedulerConfiguration(readFileSync(file, 'utf8')); } catch (e) { throw new UsageError(`--scheduler-config-file ${file}: ${e instanceof Error ? e.message : String(e)}`); }
}

function admissionConfiguration(file: string | undefined): AdmissionConfiguration | undefined {
  if (file === undefined) return undefined;
  try {
    return parseAdmissionConfiguration(readFileSync(file, 'utf8'), path => readFileSync(resolve(dirname(file), path), 'utf8'));
  } catch (e) { throw new UsageError(`--admission-control-config-file ${file}: ${e instanceof Error ? e.message : String(e)}`); }
}

/** Throws UsageError. */
export function parseUp(args: string[]): UpOptions {
  let values;
  try {
    ({ values } = parseArgs({
      // Kubernetes takes `--controllers -name`; parseArgs would take the name for an option.
      args: args.flatMap((a, i) => (a === '--controllers' && /^-[^-]/.test(args[i + 1] ?? '') ? [] : [args[i - 1] === '--controllers' && /^-[^-]/.test(a) ? `--controllers=${a}` : a])), allowPositionals: false,
      options: {
        data: { type: 'string' }, listen: { type: 'string' }, ui: { type: 'string' }, 'no-ui': { type: 'boolean' }, runtime: { type: 'string' }, nodes: { type: 'string' },
        kubeconfig: { type: 'string' }, 'pod-cidr': { type: 'string' }, 'service-cidr': { type: 'string' }, 'no-scheduler': { type: 'boolean' }, 'scheduler-config-file': { type: 'string' },
        controllers: { type: 'string', multiple: true }, 'disable-admission-plugins': { type: 'string', multiple: true }, 'enable-admission-plugins': { type: 'string', multiple: true }, 'admission-control-config-file': { type: 'string' }, 'audit-policy-file': { type: 'string' }, 'audit-log-path': { type: 'string' },
        'audit-log-maxsize': { type: 'string' }, 'audit-log-maxbackup': { type: 'string' }, 'audit-log-maxage': { type: 'string' }, 'leave-running': { type: 'boolean' }, open: { type: 'boolean' }, verbose: { type: 'boolean', short: 'v' },
      },
    }));
  } catch (e) { throw new UsageError((e as Error).message); }
  const runtime = values.runtime ?? 'auto';
  if (!RUNTIMES.includes(runtime)) throw new UsageError(`--runtime ${runtime}: choose one of ${RUNTIMES.join(', ')}`);
  for (const flag of ['data', 'kubeconfig'] as const) if (values[flag] === '') throw new UsageError(`--${flag}: a path is needed`);
  const nodes = values.nodes ?? '1';
  if (!/^\d+$/.test(nodes) || Number(nodes) > 250) throw new UsageError(`--nodes ${nodes}: expected a number from 0 to 250`);
  const podCidr = cidr('--pod-cidr', values['pod-cidr'], 16), serviceCidr = cidr('--service-cidr', values['service-cidr'], 24);
  if (podCidr && serviceCidr) refuseOverlap({ podCidr, serviceCidr });
  return {
    data: resolve(values.data ?? defaultDataDir()),
    listen: parseAddress('--listen', values.listen ?? '127.0.0.1:6443'),
    ui: values['no-ui'] ? undefined : parseAddress('--ui', values.ui ?? '127.0.0.1:7717'),
    runtime: runtime as RuntimeChoice, nodes: Number(nodes), kubeconfig: values.kubeconfig && resolve(values.kubeconfig),
    podCidr, serviceCidr,
    audit: audit(values),
    scheduler: !values['no-scheduler'], schedulerConfiguration: schedulerConfiguration(values['scheduler-config-file']), controllers: list(values.controllers) ?? ['*'], ...admission(list(values['enable-admission-plugins']) ?? [], list(values['disable-admission-plugins']) ?? []),
    admissionConfiguration: admissionConfiguration(values['admission-control-config-file']), leaveRunning: values['leave-running'] ?? false, open: values.open ?? false, verbose: values.verbose ?? false,
  };
}
