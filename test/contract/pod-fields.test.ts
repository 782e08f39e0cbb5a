// Every field a pod spec has, and what becomes of it on a node: tested where it is honoured, refused by unsupported.ts, somebody else's,
// or without effect by Kubernetes' own rule. A field the API gains is missing here until somebody says what becomes of it.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Pod } from '../../core/api/types/kubernetes.ts';
import { unsupported } from '../../core/node/unsupported.ts';

/** Honoured; the file of the test that shows it with real containers (or, for time, with a clock turned by hand). */
const on = (test: string): string => `test:${test}`;
const ENDS = on('test/docker/node-ends.test.ts'), LOGS = on('test/docker/node-logs.test.ts'), PROBES = on('test/docker/node-probes.test.ts'), SECURITY = on('test/docker/node-security.test.ts'), VOLUMES = on('test/docker/node-volumes.test.ts');
const PODS = on('test/conformance/pods.test.ts'), AGENT = on('test/integration/node-agent-containers.test.ts'), FIELDS = on('core/node/env/env.test.ts'), RULES = on('core/node/pod-rules.test.ts');
/** Refused: a pod that asks for it, so that the refusal itself is tried. */
const refused = (spec: object): { refused: object } => ({ refused: spec });
/** Not the node's: who does it. */
const by = (who: string): string => `by:${who}`;
/** No effect, by Kubernetes' own rule. */
const none = (why: string): string => `none:${why}`;
type Fate = string | { refused: object };

const c = (more: object): object => ({ containers: [{ name: 'c', image: 'i', ...more }] });
const sc = (more: object): object => c({ securityContext: more });
const volume = (kind: string): Fate => refused({ containers: [], volumes: [{ name: 'v', [kind]: {} }] });

const TABLE: Record<string, Record<string, Fate>> = {
  PodSpec: {
    activeDeadlineSeconds: ENDS, affinity: by('core/scheduler'), automountServiceAccountToken: by('core/apiserver/admission'), containers: ENDS, dnsConfig: SECURITY, dnsPolicy: SECURITY, enableServiceLinks: FIELDS,
    ephemeralContainers: SECURITY, hostAliases: SECURITY, hostIPC: SECURITY, hostNetwork: SECURITY, hostPID: SECURITY, hostUsers: refused({ containers: [], hostUsers: false }), hostname: SECURITY, hostnameOverride: RULES,
    imagePullSecrets: PODS, initContainers: ENDS, nodeName: by('core/scheduler'), nodeSelector: by('core/scheduler'), os: refused({ containers: [], os: { name: 'windows' } }), overhead: none('belongs to a RuntimeClass, and those are refused'),
    preemptionPolicy: by('core/scheduler'), priority: by('core/scheduler'), priorityClassName: by('core/apiserver/admission'), readinessGates: RULES, resourceClaims: refused({ containers: [], resourceClaims: [{ name: 'x' }] }),
    resources: refused({ containers: [], resources: { limits: { cpu: '1' } } }), restartPolicy: ENDS, runtimeClassName: refused({ containers: [], runtimeClassName: 'x' }), schedulerName: by('core/scheduler'), schedulingGates: by('core/scheduler'),
    schedulingGroup: refused({ containers: [], schedulingGroup: { podGroupName: 'x' } }), securityContext: SECURITY, serviceAccount: none('the old name of serviceAccountName'), serviceAccountName: VOLUMES, setHostnameAsFQDN: SECURITY, shareProcessNamespace: SECURITY,
    subdomain: SECURITY, terminationGracePeriodSeconds: ENDS, tolerations: by('core/scheduler'), topologySpreadConstraints: by('core/scheduler'), volumes: VOLUMES,
  },
  Container: {
    args: on('test/contract/runtime.ts'), command: ENDS, env: PODS, envFrom: ENDS, image: ENDS, imagePullPolicy: ENDS, lifecycle: PROBES, livenessProbe: PROBES, name: LOGS, ports: PROBES, readinessProbe: PROBES,
    resizePolicy: none('says how a later resize is done; it changes nothing of a pod that is not resized'), resources: SECURITY, restartPolicy: PROBES, restartPolicyRules: RULES, securityContext: SECURITY, startupProbe: PROBES,
    stdin: LOGS, stdinOnce: LOGS, terminationMessagePath: ENDS, terminationMessagePolicy: ENDS, tty: on('test/contract/runtime.ts'), volumeDevices: refused(c({ volumeDevices: [{ name: 'd', devicePath: '/dev/x' }] })), volumeMounts: VOLUMES, workingDir: on('test/contract/runtime.ts'),
  },
  PodSecurityContext: {
    appArmorProfile: refused({ containers: [], securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } } }), fsGroup: VOLUMES, fsGroupChangePolicy: RULES, runAsGroup: SECURITY, runAsNonRoot: SECURITY, runAsUser: SECURITY,
    seLinuxChangePolicy: none('only with seLinuxOptions, which are refused'), seLinuxOptions: refused({ containers: [], securityContext: { seLinuxOptions: {} } }), seccompProfile: refused({ containers: [], securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'x' } } }),
    supplementalGroups: SECURITY, supplementalGroupsPolicy: refused({ containers: [], securityContext: { supplementalGroupsPolicy: 'Strict' } }), sysctls: SECURITY, windowsOptions: refused({ containers: [], securityContext: { windowsOptions: {} } }),
  },
  SecurityContext: {
    allowPrivilegeEscalation: SECURITY, appArmorProfile: refused(sc({ appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } })), capabilities: SECURITY, privileged: SECURITY, procMount: refused(sc({ procMount: 'Unmasked' })), readOnlyRootFilesystem: SECURITY,
    runAsGroup: SECURITY, runAsNonRoot: SECURITY, runAsUser: SECURITY, seLinuxOptions: refused(sc({ seLinuxOptions: {} })), seccompProfile: SECURITY, windowsOptions: refused(sc({ windowsOptions: {} })),
  },
  Probe: { exec: PROBES, failureThreshold: on('core/node/probes/prober.test.ts'), grpc: PROBES, httpGet: PROBES, initialDelaySeconds: on('core/node/probes/prober.test.ts'), periodSeconds: on('core/node/probes/prober.test.ts'), successThreshold: on('core/node/probes/prober.test.ts'), tcpSocket: PROBES, terminationGracePeriodSeconds: PROBES, timeoutSeconds: on('core/node/probes/prober.test.ts') },
  Lifecycle: { postStart: PROBES, preStop: PROBES, stopSignal: ENDS },
  LifecycleHandler: { exec: PROBES, httpGet: PROBES, sleep: PROBES, tcpSocket: none('kept for compatibility: such a hook fails when it runs') },
  VolumeMount: { mountPath: VOLUMES, mountPropagation: VOLUMES, name: VOLUMES, readOnly: VOLUMES, recursiveReadOnly: refused(c({ volumeMounts: [{ name: 'v', mountPath: '/v', recursiveReadOnly: 'Enabled' }] })), subPath: VOLUMES, subPathExpr: ENDS },
  Volume: {
    configMap: VOLUMES, downwardAPI: VOLUMES, emptyDir: VOLUMES, hostPath: VOLUMES, name: VOLUMES, projected: VOLUMES, secret: VOLUMES,
    ...Object.fromEntries(['awsElasticBlockStore', 'azureDisk', 'azureFile', 'cephfs', 'cinder', 'csi', 'ephemeral', 'fc', 'flexVolume', 'flocker', 'gcePersistentDisk', 'gitRepo', 'glusterfs', 'image', 'iscsi', 'nfs', 'persistentVolumeClaim', 'photonPersistentDisk', 'portworxVolume', 'quobyte', 'rbd', 'scaleIO', 'storageos', 'vsphereVolume'].map(k => [k, volume(k)])),
  },
  ContainerPort: { containerPort: PROBES, hostIP: on('test/contract/runtime.ts'), hostPort: PODS, name: PROBES, protocol: PODS },
  EnvVarSource: { configMapKeyRef: VOLUMES, fieldRef: PODS, fileKeyRef: refused(c({ env: [{ name: 'A', valueFrom: { fileKeyRef: {} } }] })), resourceFieldRef: PODS, secretKeyRef: AGENT },
  ResourceRequirements: { claims: refused(c({ resources: { claims: [{ name: 'x' }] } })), limits: SECURITY, requests: SECURITY },
  EphemeralContainer: { targetContainerName: SECURITY },
};

/** Fields that every test has under another word. */
const NAMED: Record<string, string> = { name: 'containers', protocol: 'containerPort', serviceAccountName: 'system:serviceaccount:default:default' };

const types = readFileSync(new URL('../../core/api/types/kubernetes.ts', import.meta.url), 'utf8');
const fieldsOf = (type: string): string[] => [...(new RegExp(`export interface ${type} \\{\\n([\\s\\S]*?)\\n\\}`).exec(types)?.[1] ?? '').matchAll(/^ {2}(\w+)\??:/gm)].map(m => m[1]!);
const sharedWithContainer = new Set(fieldsOf('Container'));

it.each(Object.keys(TABLE))('every field of %s has a fate', type => {
  const fields = fieldsOf(type).filter(f => type !== 'EphemeralContainer' || !sharedWithContainer.has(f));
  expect(fields.length).toBeGreaterThan(0);
  expect(fields.filter(f => TABLE[type]![f] === undefined)).toEqual([]);
  expect(Object.keys(TABLE[type]!).filter(f => !fields.includes(f))).toEqual([]);
});

const fates = Object.entries(TABLE).flatMap(([type, fields]) => Object.entries(fields).map(([field, fate]) => ({ at: `${type}.${field}`, field, fate })));

it('what is said to be refused is refused, in a sentence', () => {
  const silent = fates.filter(f => typeof f.fate === 'object' && unsupported({ spec: { containers: [], ...(f.fate as { refused: object }).refused } } as Pod, true).join('').length < 10);
  expect(silent.map(f => f.at)).toEqual([]);
  expect(unsupported({ spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '1', memory: '1Gi' } } }], volumes: [{ name: 'v', emptyDir: {} }], securityContext: { supplementalGroupsPolicy: 'Merge', seccompProfile: { type: 'RuntimeDefault' } } } }, true)).toEqual([]);
});

it('what is said to be tested is named in that test, or in the tests of its parts', () => {
  const missing = fates.filter(({ field, fate }) => {
    if (typeof fate !== 'string' || !fate.startsWith('test:')) return false;
    const text = readFileSync(new URL(`../../${fate.slice(5)}`, import.meta.url), 'utf8');
    return !text.includes(NAMED[field] ?? field);
  });
  expect(missing.map(m => `${m.at} in ${String(m.fate)}`)).toEqual([]);
});
