// Rules of kinds field by field: paths and texts as Kubernetes gives them (its own validation is the source).
import { expect, test } from 'vitest';
import { clone } from '../meta/clone.ts';
import { fieldErrorText } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import { deployment } from './apps/deployment.ts';
import { endpoints } from './core/endpoints.ts';
import { node } from './core/node.ts';
import { pod } from './core/pod.ts';
import { replicationController } from './core/replication-controller.ts';
import { secret } from './core/secret.ts';
import { service } from './core/service.ts';
import type { KindSpec } from './kind.ts';

function errors<T extends KubeObject>(kind: KindSpec<T>, o: object, keepStatus = false): string[] {
  const object = clone({ metadata: { name: 'web', ...(kind.namespaced ? { namespace: 'default' } : {}) }, ...o }) as unknown as T & { status?: unknown };
  const { status } = object;
  kind.setDefaults?.(object);
  kind.prepareForCreate?.(object);
  if (keepStatus) object.status = status;
  return kind.validate(object).map(fieldErrorText);
}
const c = (more: object = {}): object => ({ name: 'c', image: 'i', ...more });
const inPod = (spec: object): string[] => errors(pod, { spec: { containers: [c()], ...spec } });
const ofContainer = (more: object, spec: object = {}): string[] => inPod({ containers: [c(more)], ...spec });
const labels = { app: 'web' };
const inTemplate = (spec: object): string[] => errors(deployment, { spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [c()], ...spec } } } });
const NAME = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

test.each<[string, () => string[], string[]]>([
  ['users are numbers of 31 bits', () => ofContainer({ securityContext: { runAsUser: 2 ** 31 } }), ['spec.containers[0].securityContext.runAsUser: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive']],
  ['so are groups', () => inPod({ securityContext: { fsGroup: -1, supplementalGroups: [1, 2 ** 31] } }), ['spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive', 'spec.securityContext.supplementalGroups[1]: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive']],
  ['seccomp wants a type', () => inPod({ securityContext: { seccompProfile: {} } }), ['spec.securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set']],
  ['seccomp of a file wants one below the node\'s directory', () => ofContainer({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: '../x' } } }), ["spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: \"../x\": must not contain '..'"]],
  ['AppArmor by name', () => ofContainer({ securityContext: { appArmorProfile: { type: 'Foo' } } }), ['spec.containers[0].securityContext.appArmorProfile.type: Unsupported value: "Foo": supported values: "Localhost", "RuntimeDefault", "Unconfined"']],
  ['shared processes on the host', () => inPod({ hostPID: true, shareProcessNamespace: true }), ['spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled']],
  ['own users on the host\'s network', () => inPod({ hostUsers: false, hostNetwork: true }), ['spec.hostNetwork: Forbidden: when `hostUsers` is false']],
  ['no DNS configuration', () => inPod({ dnsPolicy: 'None' }), ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None']],
  ['a DNS configuration without a server', () => inPod({ dnsPolicy: 'None', dnsConfig: {} }), ['spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None']],
  ['a pull secret without a name is only warned of', () => inPod({ imagePullSecrets: [{}] }), []],
  ['scheduling gates are unique', () => inPod({ schedulingGates: [{ name: 'g' }, { name: 'g' }] }), ['spec.schedulingGates[1]: Duplicate value: "g"']],
  ['host aliases say which name', () => inPod({ hostAliases: [{ ip: '10.0.0.1', hostnames: ['ok', 'A_'] }] }), [`spec.hostAliases[0].hostnames[1]: Invalid value: "A_": ${NAME}`]],
  ['ports on the host\'s network', () => ofContainer({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }), ['spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true']],
  ['a template may leave the host port to the pod', () => inTemplate({ hostNetwork: true, containers: [c({ ports: [{ containerPort: 80 }] })] }), []],
  ['images of pods are not padded', () => ofContainer({ image: ' i' }), ['spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace']],
  ['those of templates may be', () => inTemplate({ containers: [c({ image: ' i' })] }), []],
  ['a mount of nothing', () => ofContainer({ volumeMounts: [{ mountPath: '/x' }] }), ['spec.containers[0].volumeMounts[0].name: Required value', 'spec.containers[0].volumeMounts[0].name: Not found: ""']],
  ['a path out of the volume', () => ofContainer({ volumeMounts: [{ name: 'v', mountPath: '/x', subPath: '/a' }] }, { volumes: [{ name: 'v' }] }), ['spec.containers[0].volumeMounts.subPath: Invalid value: "/a": must be a relative path']],
  ['propagation to the host', () => ofContainer({ volumeMounts: [{ name: 'v', mountPath: '/x', mountPropagation: 'Bidirectional' }] }, { volumes: [{ name: 'v' }] }), ['spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers']],
  ['block devices are claims', () => ofContainer({ volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] }, { volumes: [{ name: 'v' }] }), ['spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode']],
  ['resizing, resource by resource', () => ofContainer({ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }, { resourceName: 'cpu', restartPolicy: 'x' }] }), ['spec.containers[0].resizePolicy[1]: Duplicate value: "cpu"', 'spec.containers[0].resizePolicy: Unsupported value: "x": supported values: "NotRequired", "RestartContainer"']],
  ['names of references', () => ofContainer({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'A_', key: 'k' } } }] }), [`spec.containers[0].env[0].valueFrom.configMapKeyRef.name: Invalid value: "A_": ${NAME}`]],
  ['divisors', () => ofContainer({ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } }] }), ['spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor\'s values 1m and 1 are supported with the cpu resource']],
  ['values a node\'s label cannot have', () => inPod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['A_'] }] }] } } } }), [`spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].values[0]: Invalid value: "A_": ${NAME}`]],
  ['an empty topology key', () => inPod({ topologySpreadConstraints: [{ maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] }), ['spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty']],
  ['systems', () => inPod({ os: { name: 'plan9' } }), ['spec.os: Unsupported value: "plan9": supported values: "linux", "windows"']],
  ['time of affinity', () => errors(service, { spec: { ports: [{ port: 80 }], sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } } } }), ['spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400']],
  ['where traffic goes', () => errors(service, { spec: { ports: [{ port: 80 }], trafficDistribution: 'Far' } }), ['spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"']],
  ['families of a name', () => errors(service, { spec: { type: 'ExternalName', externalName: 'a.b', ipFamilyPolicy: 'SingleStack' } }), ['spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services']],
  ['node ports of what has none', () => errors(service, { spec: { ports: [{ port: 80, nodePort: 30000 }] } }), ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]],
  ['taints, told below metadata', () => errors(node, { spec: { taints: [{ key: 'a', effect: 'x' }] } }), ['metadata.taints[0].effect: Unsupported value: "x": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"']],
  ['pod ranges', () => errors(node, { spec: { podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] } }), ['spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family']],
  ['a key for ssh', () => errors(secret, { type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } }), ['data[ssh-privatekey]: Required value']],
  ['a registry\'s secret', () => errors(secret, { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'W10=' } }), ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array into Go value of type map[string]interface {}']],
  ['addresses', () => errors(endpoints, { subsets: [{ addresses: [{ ip: '127.0.0.1', nodeName: 'A_' }] }] }), [`subsets[0].addresses[0].nodeName: Invalid value: "A_": ${NAME}`, 'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']],
  ['a deadline in a controller\'s template', () => errors(replicationController, { spec: { template: { metadata: { labels }, spec: { containers: [c()], activeDeadlineSeconds: 1 } } } }), ['spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported']],
])('%s', (_what, got, expected) => { expect(got()).toEqual(expected); });
