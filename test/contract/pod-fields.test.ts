// Every field a pod spec has, nested ones included, and what becomes of it on a node: shown by a test, named by its file and its title; refused by
// unsupported.ts; somebody else's; or without effect by Kubernetes' own rule. A field the API gains is missing here until somebody says what becomes of it.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Pod } from '../../core/api/types/kubernetes.ts';
import { unsupported } from '../../core/node/unsupported.ts';

/** Honoured: the test that shows it. */
interface Shown { file: string; title: string }
const in_ = (file: string) => (title: string): Shown => ({ file, title });
const ends = in_('test/docker/node-ends.test.ts'), logs = in_('test/docker/node-logs.test.ts'), probes = in_('test/docker/node-probes.test.ts'), security = in_('test/docker/node-security.test.ts'), volumes = in_('test/docker/node-volumes.test.ts'), limits = in_('test/docker/node-limits.test.ts');
const pods = in_('test/conformance/pods.test.ts'), agent = in_('test/integration/node-agent-containers.test.ts'), env = in_('core/node/env/env.test.ts'), rules = in_('core/node/pod-rules.test.ts'), contract = in_('test/contract/runtime.ts'), prober = in_('core/node/probes/prober.test.ts'), docker = in_('core/node/runtime/docker/convert.test.ts'), sources = in_('core/node/volumes/sources.test.ts'), claims = in_('core/node/volumes/claim.test.ts');

const CODES = ends('exit codes, signals, OOMKilled, a program that is not there, messages from file and log'), SIGNAL = ends('the stop signal is the pod\'s; a shorter grace asked for later counts; a forced delete ends at once'), RESTARTS = ends('restart policies, init containers that fail and come again, deadlines'), IMAGES = ends('images that cannot be had and settings that are missing, in Kubernetes\' words');
const USERS = security('users, groups, refusals of root'), RIGHTS = security('capabilities, no new privileges, read-only root, privileged, seccomp, AppArmor'), CGROUP = security('limits are those of the cgroup inside'), NAMES = security('names, aliases, DNS and the host\'s namespaces'), SYSCTLS = security('sysctls of the pod\'s own namespaces are set, others are refused'), SHARED = security('containers of a pod share what it says; one that comes to look sees its target\'s processes');
const ASKED = probes('HTTP with headers, host, redirects and HTTPS; TCP; gRPC: each says yes and no in its words'), LIVENESS = probes('liveness by HTTP restarts, with its own grace; startup keeps liveness back until the program is up'), HOOKS = probes('hooks: HTTP and exec after the start, HTTP, exec and sleep before the end; a failed one is told'), HOST = in_('core/node/probes/handlers.test.ts')('host: a probe asks the host it names, not the pod'), PERIOD = prober('readiness: delay, period, and as many successes and failures in a row as are asked for');
const EMPTY = volumes('emptyDir: shared, the group\'s, gone with the pod; in memory a tmpfs of its size, or of the pod\'s'), HOSTPATH = volumes('every type of hostPath, and its refusal'), CHANGES = volumes('changes of configMaps, secrets and labels arrive whole; those of a subPath and of the environment do not'), TOKENS = volumes('tokens: audience, life, the pod they are bound to; only who may read them');
const WHOLE = in_('test/docker/upstream-node.test.ts')('resources of a pod as a whole: containers share its limits, it has its own group, a resize reaches both, memory over the whole ends who asked for it');
const FILEKEY = in_('core/node/env/env-file.test.ts')('fileKeyRef: keys of a file of a volume; what is missing is told in kubelet\'s words unless it is optional');
const storage = in_('test/docker/node-storage.test.ts');
const BLOCK = storage('a raw block volume: the size of its file, one device for all its pods, read-only where asked for, gone with the last of them'), SPREAD = storage('mountPropagation: None sees nothing, HostToContainer what the host mounts, Bidirectional shows it what it mounts itself');
const DEEP = storage('recursiveReadOnly: what is mounted below a read-only mount is read-only too, and the status says so; without it, it is not'), GROUPS = storage('supplementalGroupsPolicy: Merge adds the groups that the image says its user is in, Strict does not');
const OTHERS = storage('what no container uses is not mounted; what this node cannot mount is told in a node\'s words');
const IMAGE = volumes('an image as a volume: its files, all of its layers, for reading only');
const CLAIMED = claims('the bound volume is mounted, whatever of it the pod asks for; what it holds stays when the pod goes'), EPHEMERAL = claims('a claim made for the pod is its ephemeral volume');
const CONFIGMAP = sources('a configMap volume: all keys or those named, paths, modes, optional'), SECRET = sources('a secret volume: all keys or those named, paths, modes, optional'), DOWNWARD = sources('a downwardAPI volume: fields, resources of a container by divisor, modes'), PROJECTED = sources('a projected volume: every source in one directory, its modes, what is optional');
const VALUES = env('values refer to what came before, envFrom and services'), ENVFROM = env('envFrom: whole configMaps and secrets, prefixed; what is optional may be missing'), VALUEFROM = env('valueFrom: keys of configMaps, optional ones; resources of another container'), REFERENCES = env('missing references in Kubernetes\' words; optional ones are left out'), FIELDS = env('downward API');
const TALK = logs('whoever attaches first to a program run to be talked to once sees all it said'), PORTS = docker('publishes host ports at the address and for the protocol asked for'), RULES = rules('restartPolicyRules: a code that is named starts the container again, whatever the pod says'), RESIZE = limits('a resize is applied to the running container; one that wants a restart gets it'), GATES = rules('readinessGates: ready only when whoever they belong to says so');

/** Refused: a pod that asks for it, so that the refusal itself is tried. */
const refused = (spec: object): { refused: object } => ({ refused: spec });
/** Not the node's: who does it. */
const by = (who: string): string => `by:${who}`;
/** No effect, by Kubernetes' own rule. */
const none = (why: string): string => `none:${why}`;
type Fate = string | Shown | { refused: object };

const c = (more: object): object => ({ containers: [{ name: 'c', image: 'i', ...more }] });
const sc = (more: object): object => c({ securityContext: more });
const volume = (source: object): Fate => refused({ volumes: [{ name: 'v', ...source }] });
const all = (names: string, fate: Fate): Record<string, Fate> => Object.fromEntries(names.split(' ').map(n => [n, fate]));

const TABLE: Record<string, Record<string, Fate>> = {
  PodSpec: {
    activeDeadlineSeconds: RESTARTS, automountServiceAccountToken: by('core/apiserver/admission'), containers: CODES, enableServiceLinks: env('all seven service variables, headless left out'), ephemeralContainers: SHARED, hostUsers: refused({ hostUsers: false }), hostnameOverride: rules('hostnameOverride goes over name, hostname and subdomain'),
    ...all('affinity nodeName nodeSelector preemptionPolicy priority schedulerName schedulingGates tolerations topologySpreadConstraints', by('core/scheduler')), priorityClassName: by('core/apiserver/admission'),
    ...all('dnsConfig dnsPolicy hostAliases hostIPC hostNetwork hostPID hostname setHostnameAsFQDN subdomain', NAMES), imagePullSecrets: pods('a registry with a password: refused without, pulled with imagePullSecrets'), initContainers: RESTARTS, os: SIGNAL, overhead: none('belongs to a RuntimeClass, and those are refused'),
    readinessGates: GATES, resourceClaims: refused({ resourceClaims: [{ name: 'x' }] }), resources: WHOLE, restartPolicy: RESTARTS, runtimeClassName: refused({ runtimeClassName: 'x' }), schedulingGroup: refused({ schedulingGroup: { podGroupName: 'x' } }),
    securityContext: USERS, serviceAccount: none('the old name of serviceAccountName'), serviceAccountName: TOKENS, shareProcessNamespace: SHARED, terminationGracePeriodSeconds: SIGNAL, volumes: EMPTY,
  },
  PodOS: { name: SIGNAL },
  Container: {
    args: contract('uses args after the command'), command: CODES, env: VALUES, envFrom: ENVFROM, image: IMAGES, imagePullPolicy: IMAGES, lifecycle: HOOKS, livenessProbe: LIVENESS, name: CODES, ports: ASKED, readinessProbe: ASKED, resizePolicy: RESIZE, resources: CGROUP, restartPolicy: agent('sidecars start before, stay, and end after the others'),
    restartPolicyRules: RULES, securityContext: RIGHTS, startupProbe: LIVENESS, stdin: TALK, stdinOnce: TALK, terminationMessagePath: CODES, terminationMessagePolicy: CODES, tty: logs('a terminal is there for those that ask for one'), volumeDevices: BLOCK, volumeMounts: EMPTY, workingDir: contract('honours workingDir'),
  },
  EphemeralContainer: { targetContainerName: SHARED },
  ContainerPort: { containerPort: ASKED, name: ASKED, ...all('hostIP hostPort protocol', PORTS) },
  ContainerResizePolicy: all('resourceName restartPolicy', RESIZE),
  ContainerRestartRule: all('action exitCodes', RULES), ContainerRestartRuleOnExitCodes: all('operator values', RULES),
  EnvVar: { name: VALUES, value: VALUES, valueFrom: VALUEFROM },
  EnvFromSource: all('configMapRef prefix secretRef', ENVFROM), ConfigMapEnvSource: all('name optional', ENVFROM), SecretEnvSource: all('name optional', ENVFROM),
  EnvVarSource: { configMapKeyRef: VALUEFROM, fieldRef: FIELDS, fileKeyRef: FILEKEY, resourceFieldRef: VALUEFROM, secretKeyRef: REFERENCES },
  FileKeySelector: all('key optional path volumeName', FILEKEY),
  ConfigMapKeySelector: all('key name optional', VALUEFROM), SecretKeySelector: all('key name optional', REFERENCES), ObjectFieldSelector: { apiVersion: none('v1 is the only one'), fieldPath: FIELDS }, ResourceFieldSelector: all('containerName divisor resource', VALUEFROM),
  Lifecycle: { postStart: HOOKS, preStop: HOOKS, stopSignal: SIGNAL },
  LifecycleHandler: { ...all('exec httpGet sleep', HOOKS), tcpSocket: none('kept for compatibility: such a hook fails when it runs') },
  ExecAction: { command: HOOKS }, SleepAction: { seconds: HOOKS }, HTTPGetAction: { host: HOST, ...all('httpHeaders path port scheme', ASKED) }, HTTPHeader: all('name value', ASKED), TCPSocketAction: { host: HOST, port: ASKED }, GRPCAction: all('port service', ASKED),
  Probe: { ...all('exec httpGet tcpSocket grpc', ASKED), exec: LIVENESS, ...all('failureThreshold initialDelaySeconds periodSeconds successThreshold', PERIOD), terminationGracePeriodSeconds: LIVENESS, timeoutSeconds: prober('a probe that takes too long has failed') },
  ResourceRequirements: { claims: refused(c({ resources: { claims: [{ name: 'x' }] } })), limits: CGROUP, requests: CGROUP },
  PodSecurityContext: {
    appArmorProfile: RIGHTS, fsGroup: EMPTY, fsGroupChangePolicy: rules('fsGroupChangePolicy OnRootMismatch leaves a tree alone whose top fits'), ...all('runAsGroup runAsUser supplementalGroups', USERS), runAsNonRoot: pods('security context'), seLinuxChangePolicy: none('only with seLinuxOptions, which are refused'), seLinuxOptions: refused({ securityContext: { seLinuxOptions: {} } }),
    seccompProfile: refused({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'x' } } }), supplementalGroupsPolicy: GROUPS, sysctls: SYSCTLS, windowsOptions: refused({ securityContext: { windowsOptions: {} } }),
  },
  SecurityContext: {
    ...all('allowPrivilegeEscalation appArmorProfile capabilities privileged readOnlyRootFilesystem seccompProfile', RIGHTS), procMount: refused(sc({ procMount: 'Unmasked' })), runAsGroup: contract('runs as user and groups'), ...all('runAsNonRoot runAsUser', USERS), seLinuxOptions: refused(sc({ seLinuxOptions: {} })), windowsOptions: refused(sc({ windowsOptions: {} })),
  },
  Capabilities: all('add drop', RIGHTS),
  SeccompProfile: { type: RIGHTS, localhostProfile: refused(sc({ seccompProfile: { type: 'Localhost', localhostProfile: 'x' } })) },
  AppArmorProfile: { type: RIGHTS, localhostProfile: refused(sc({ appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } })) },
  Sysctl: all('name value', SYSCTLS), HostAlias: all('hostnames ip', NAMES), PodDNSConfig: all('nameservers options searches', NAMES), PodDNSConfigOption: all('name value', NAMES), PodReadinessGate: { conditionType: GATES }, LocalObjectReference: { name: pods('a registry with a password: refused without, pulled with imagePullSecrets') },
  VolumeMount: { ...all('mountPath name', EMPTY), mountPropagation: SPREAD, readOnly: HOSTPATH, recursiveReadOnly: DEEP, subPath: CHANGES, subPathExpr: IMAGES },
  VolumeDevice: all('devicePath name', BLOCK), NFSVolumeSource: all('path readOnly server', OTHERS),
  Volume: {
    nfs: OTHERS, csi: by('the CSI driver that is named; none is installed'),
    configMap: CHANGES, downwardAPI: CHANGES, emptyDir: EMPTY, hostPath: HOSTPATH, image: IMAGE, name: EMPTY, persistentVolumeClaim: CLAIMED, ephemeral: EPHEMERAL, projected: TOKENS, secret: CHANGES,
    ...Object.fromEntries(['awsElasticBlockStore', 'azureDisk', 'azureFile', 'cephfs', 'cinder', 'fc', 'flexVolume', 'flocker', 'gcePersistentDisk', 'gitRepo', 'glusterfs', 'iscsi', 'photonPersistentDisk', 'portworxVolume', 'quobyte', 'rbd', 'scaleIO', 'storageos', 'vsphereVolume'].map(k => [k, volume({ [k]: {} })])),
  },
  EmptyDirVolumeSource: { medium: EMPTY, sizeLimit: limits('disk over its limit evicts the pod: an emptyDir, the writable layer, logs, one container of two; within it nothing happens') },
  ImageVolumeSource: all('pullPolicy reference', IMAGE),
  PersistentVolumeClaimVolumeSource: all('claimName readOnly', CLAIMED), EphemeralVolumeSource: { volumeClaimTemplate: by('core/controllers/ephemeral-volume') },
  HostPathVolumeSource: all('path type', HOSTPATH),
  ConfigMapVolumeSource: all('defaultMode items name optional', CONFIGMAP), KeyToPath: all('key mode path', CONFIGMAP), SecretVolumeSource: all('defaultMode items optional secretName', SECRET),
  DownwardAPIVolumeSource: all('defaultMode items', DOWNWARD), DownwardAPIVolumeFile: all('fieldRef mode path resourceFieldRef', DOWNWARD),
  ProjectedVolumeSource: all('defaultMode sources', PROJECTED),
  VolumeProjection: { ...all('configMap downwardAPI secret serviceAccountToken', PROJECTED), clusterTrustBundle: volume({ projected: { sources: [{ clusterTrustBundle: {} }] } }), podCertificate: volume({ projected: { sources: [{ podCertificate: {} }] } }) },
  ConfigMapProjection: all('items name optional', PROJECTED), SecretProjection: all('items name optional', PROJECTED), DownwardAPIProjection: { items: PROJECTED },
  ServiceAccountTokenProjection: all('audience expirationSeconds path', TOKENS),
};

const root = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const types = root('core/api/types/kubernetes.ts');
const parsed = new Map<string, [field: string, type: string][]>();
/** The fields of an interface with the interface each leads to; none for what is no interface. */
function fieldsOf(type: string): [field: string, type: string][] {
  let known = parsed.get(type);
  if (!known) {
    known = [...(new RegExp(`export interface ${type} \\{\\n([\\s\\S]*?)\\n\\}`).exec(types)?.[1] ?? '').matchAll(/^ {2}(\w+)\??: (?:Array<)?(\w+)/gm)].map(m => [m[1]!, m[2]!]);
    parsed.set(type, known);
  }
  return known;
}
const inContainer = new Set(fieldsOf('Container').map(([f]) => f));
const ownFields = (type: string): string[] => fieldsOf(type).map(([f]) => f).filter(f => type !== 'EphemeralContainer' || !inContainer.has(f));
const isShown = (fate: Fate | undefined): fate is Shown => typeof fate === 'object' && 'title' in fate;

/** Every interface a pod spec leads to through fields that are honoured: what is refused, or somebody else's, ends there. */
function reached(): Set<string> {
  const out = new Set(['PodSpec']);
  for (const type of out) for (const [field, to] of fieldsOf(type)) if (fieldsOf(to).length && isShown(TABLE[type]?.[field] ?? (type === 'EphemeralContainer' ? TABLE['Container']?.[field] : undefined))) out.add(to);
  return out;
}

it('every type a pod spec leads to is here, and no other', () => { expect(Object.keys(TABLE).sort()).toEqual([...reached()].sort()); });

it.each(Object.keys(TABLE))('every field of %s has a fate', type => {
  const fields = ownFields(type);
  expect(fields.length).toBeGreaterThan(0);
  expect(Object.keys(TABLE[type]!).sort()).toEqual(fields.sort());
});

const fates = Object.entries(TABLE).flatMap(([type, fields]) => Object.entries(fields).map(([field, fate]) => ({ at: `${type}.${field}`, fate })));
const asks = (spec: object): string[] => unsupported({ spec: { containers: [], ...spec } } as Pod, true, false, true);

it('what is said to be refused is refused, in a sentence', () => {
  const silent = fates.filter(f => typeof f.fate === 'object' && 'refused' in f.fate && asks(f.fate.refused).join('').length < 10);
  expect(silent.map(f => f.at)).toEqual([]);
  expect(asks({ os: { name: 'windows' } })).toHaveLength(1);
  expect(asks({ volumes: [{ name: 'v', emptyDir: { medium: 'HugePages-2Mi' } }] })).toHaveLength(1);
  expect(asks({ os: { name: 'linux' }, containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' } } }], volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Gi' } }], securityContext: { supplementalGroupsPolicy: 'Merge', seccompProfile: { type: 'RuntimeDefault' } } })).toEqual([]);
});

it('AppArmor: Unconfined is never refused, the others are where no kernel enforces them', () => {
  const profile = (type: string, enforced: boolean): number => unsupported({ spec: { securityContext: { appArmorProfile: { type, localhostProfile: 'p' } }, containers: [{ name: 'c', securityContext: { appArmorProfile: { type, localhostProfile: 'p' } } }] } }, true, enforced).length;
  expect(['Unconfined', 'RuntimeDefault', 'Localhost'].map(t => [profile(t, true), profile(t, false)])).toEqual([[0, 0], [0, 2], [0, 2]]);
});

/** Titles of the tests of a file, whatever `it` they are given to. */
function titlesOf(text: string): Set<string> {
  return new Set([...text.matchAll(/(?:^|[\s;{])(?:it|only)(?:\.\w+)?(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?\('((?:[^'\\\n]|\\.)*)'/g)].map(m => m[1]!.replaceAll(/\\(.)/g, '$1')));
}

it('what is said to be shown by a test is: the file has a test of that title', () => {
  const titles = new Map<string, Set<string>>();
  const missing = fates.flatMap(({ at, fate }) => {
    if (!isShown(fate)) return [];
    let known = titles.get(fate.file);
    if (!known) { known = titlesOf(root(fate.file)); titles.set(fate.file, known); }
    return known.has(fate.title) ? [] : [`${at}: ${fate.file} has no test "${fate.title}"`];
  });
  expect(missing).toEqual([]);
  expect(titlesOf('it(\'a \\\'b\\\'\', () => {}); it.each([1])(\'c\', x); only(can.x)(\'d\', y);\n// a word: it is here').size).toBe(3);
});
