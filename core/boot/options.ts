// The command line of `pilothouse up`, parsed at the door.
import { parseArgs } from 'node:util';
import { isIPv4 } from 'node:net';
import { rangeOf } from '../base/cidr.ts';
import { defaultDataDir } from './paths.ts';

export type RuntimeChoice = 'auto' | 'docker' | 'sandbox' | 'simulated';
export interface Address { host: string; port: number }

export interface UpOptions {
  data: string;
  listen: Address;
  /** undefined with --no-ui. */
  ui: Address | undefined;
  runtime: RuntimeChoice;
  nodes: number;
  /** Besides <data>/kubeconfig. */
  kubeconfig: string | undefined;
  podCidr: string;
  serviceCidr: string;
  scheduler: boolean;
  /** Kubernetes' --controllers: '*', 'name', '-name'. */
  controllers: string[];
  disabledAdmission: string[];
  leaveRunning: boolean;
  /** Open the user interface in the browser when ready. */
  open: boolean;
  verbose: boolean;
}

/** A mistake on the command line: what, and what to do. */
export class UsageError extends Error {}

const RUNTIMES: readonly string[] = ['auto', 'docker', 'sandbox', 'simulated'];

/** `127.0.0.1:6443`, `[::1]:0`. Throws UsageError naming `flag`. */
export function parseAddress(flag: string, text: string): Address {
  const m = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (!m || Number(m[3]) > 65535) throw new UsageError(`${flag} ${text}: expected ADDRESS:PORT, for example 127.0.0.1:6443`);
  return { host: m[1] ?? m[2]!, port: Number(m[3]) };
}

function cidr(flag: string, text: string, maxPrefix: number): string {
  const [ip, bits, more] = text.split('/');
  if (!ip || !isIPv4(ip) || more !== undefined || !/^\d+$/.test(bits ?? '') || Number(bits) < 8 || Number(bits) > maxPrefix) {
    throw new UsageError(`${flag} ${text}: expected an IPv4 range between /8 and /${maxPrefix}, for example 10.244.0.0/16`);
  }
  const { base, size } = rangeOf(text);
  if (base % size !== 0) throw new UsageError(`${flag} ${text}: the address has bits set to the right of the prefix`);
  return text;
}

/** Kubernetes' own plug-ins. Those that this server does not have may be switched off all the same; other words are mistakes. */
const ADMISSION_PLUGINS: ReadonlySet<string> = new Set([
  'AlwaysAdmit', 'AlwaysDeny', 'AlwaysPullImages', 'CertificateApproval', 'CertificateSigning', 'CertificateSubjectRestriction', 'ClusterTrustBundleAttest', 'DefaultIngressClass',
  'DefaultStorageClass', 'DefaultTolerationSeconds', 'DenyServiceExternalIPs', 'EventRateLimit', 'ExtendedResourceToleration', 'ImagePolicyWebhook', 'LimitPodHardAntiAffinityTopology',
  'LimitRanger', 'MutatingAdmissionPolicy', 'MutatingAdmissionWebhook', 'NamespaceAutoProvision', 'NamespaceExists', 'NamespaceLifecycle', 'NodeRestriction',
  'OwnerReferencesPermissionEnforcement', 'PersistentVolumeClaimResize', 'PodNodeSelector', 'PodSecurity', 'PodTolerationRestriction', 'PodTopologyLabels', 'Priority', 'ResourceQuota',
  'RuntimeClass', 'ServiceAccount', 'StorageObjectInUseProtection', 'TaintNodesByCondition', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionWebhook',
]);

function plugins(names: string[]): string[] {
  const unknown = names.find(n => !ADMISSION_PLUGINS.has(n));
  if (unknown !== undefined) throw new UsageError(`disable-admission-plugins plugin "${unknown}" is unknown`);
  return names;
}

const list = (values: string[] | undefined): string[] | undefined => values?.flatMap(v => v.split(',')).map(v => v.trim()).filter(Boolean);

/** Throws UsageError. */
export function parseUp(args: string[]): UpOptions {
  let values;
  try {
    ({ values } = parseArgs({
      // Kubernetes takes `--controllers -name`; parseArgs would take the name for an option.
      args: args.flatMap((a, i) => (a === '--controllers' && /^-[^-]/.test(args[i + 1] ?? '') ? [] : [args[i - 1] === '--controllers' && /^-[^-]/.test(a) ? `--controllers=${a}` : a])), allowPositionals: false,
      options: {
        data: { type: 'string' }, listen: { type: 'string' }, ui: { type: 'string' }, 'no-ui': { type: 'boolean' }, runtime: { type: 'string' }, nodes: { type: 'string' },
        kubeconfig: { type: 'string' }, 'pod-cidr': { type: 'string' }, 'service-cidr': { type: 'string' }, 'no-scheduler': { type: 'boolean' },
        controllers: { type: 'string', multiple: true }, 'disable-admission-plugins': { type: 'string', multiple: true }, 'leave-running': { type: 'boolean' }, open: { type: 'boolean' }, verbose: { type: 'boolean', short: 'v' },
      },
    }));
  } catch (e) { throw new UsageError((e as Error).message); }
  const runtime = values.runtime ?? 'auto';
  if (!RUNTIMES.includes(runtime)) throw new UsageError(`--runtime ${runtime}: choose one of ${RUNTIMES.join(', ')}`);
  const nodes = values.nodes ?? '1';
  if (!/^\d+$/.test(nodes) || Number(nodes) > 250) throw new UsageError(`--nodes ${nodes}: expected a number from 0 to 250`);
  return {
    data: values.data ?? defaultDataDir(),
    listen: parseAddress('--listen', values.listen ?? '127.0.0.1:6443'),
    ui: values['no-ui'] ? undefined : parseAddress('--ui', values.ui ?? '127.0.0.1:7717'),
    runtime: runtime as RuntimeChoice, nodes: Number(nodes), kubeconfig: values.kubeconfig,
    podCidr: cidr('--pod-cidr', values['pod-cidr'] ?? '10.244.0.0/16', 16), serviceCidr: cidr('--service-cidr', values['service-cidr'] ?? '10.96.0.0/16', 24),
    scheduler: !values['no-scheduler'], controllers: list(values.controllers) ?? ['*'], disabledAdmission: plugins(list(values['disable-admission-plugins']) ?? []),
    leaveRunning: values['leave-running'] ?? false, open: values.open ?? false, verbose: values.verbose ?? false,
  };
}
