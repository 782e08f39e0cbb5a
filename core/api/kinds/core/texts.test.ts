// The core kinds, text by text: what Kubernetes' own validation and warnings say, in its order. Compared function by function with
// pkg/apis/core/validation (pods, templates, volumes, claims, services, endpoints, nodes, secrets, quotas, namespaces, events),
// pkg/apis/{discovery,coordination}/validation, pkg/api/{pod,service,node,persistentvolume,persistentvolumeclaim} and the strategies.
import { describe, expect, test } from 'vitest';
import { clone } from '../../meta/clone.ts';
import { fieldErrorText } from '../../meta/field-error.ts';
import type { KubeObject } from '../../meta/object.ts';
import { kindOf } from '../index.ts';
import type { KindSpec } from '../kind.ts';

type Object = KubeObject & { status?: unknown };
const of = (kind: string): KindSpec => kindOf(kind.includes('/') ? kind.slice(0, kind.lastIndexOf('/')) : 'v1', kind.slice(kind.lastIndexOf('/') + 1))!;
function ready(k: KindSpec, o: object): Object {
  const object = clone({ metadata: {}, ...o }) as Object;
  object.metadata = { name: 'x', ...(k.namespaced ? { namespace: 'default' } : {}), ...object.metadata };
  k.setDefaults?.(object);
  return object;
}
/** What is said of a new object. */
function made(kind: string, o: object): string[] {
  const k = of(kind), object = ready(k, o);
  k.prepareForCreate?.(object);
  return [...k.validate(object), ...(k.validateCreate?.(object) ?? [])].map(fieldErrorText);
}
/** What is said of a change; the first line of each, the rest shows the difference. */
function changed(kind: string, before: object, after: object): string[] {
  const k = of(kind), prev = ready(k, before), next = ready(k, after);
  k.prepareForUpdate?.(next, prev);
  return (k.validateUpdate?.(next, prev) ?? []).map(e => fieldErrorText(e).split('\n')[0]!);
}
function status(kind: string, before: object, after: object, metadata: object = {}): string[] {
  const k = of(kind), prev = ready(k, { metadata, ...before }), next = ready(k, { metadata, ...before, ...after });
  k.prepareForStatusUpdate?.(next, prev);
  return k.validateStatusUpdate!(next, prev).map(fieldErrorText);
}
const warned = (kind: string, o: object): string[] => of(kind).warnings!(ready(of(kind), o));

const c = (more: object = {}): object => ({ name: 'c', image: 'i', ...more });
const pod = (spec: object, metadata: object = {}): object => ({ metadata, spec: { containers: [c()], ...spec } });
const LABEL = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

describe('pods', () => {
  test.each<[string, object, string[]]>([
    ['policies, as Kubernetes lists them', { restartPolicy: 'x', dnsPolicy: 'y', preemptionPolicy: 'z' }, ['spec.restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure", "Never"', 'spec.dnsPolicy: Unsupported value: "y": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"', 'spec.preemptionPolicy: Unsupported value: "z": supported values: "PreemptLowerPriority", "Never"']],
    ['a bad volume is no volume', { volumes: [{ name: 'v', nfs: { server: 's', path: 'p' } }], containers: [c({ volumeMounts: [{ name: 'v', mountPath: '/v' }] })] }, ['spec.volumes[0].nfs.path: Invalid value: "p": must be an absolute path', 'spec.containers[0].volumeMounts[0].name: Not found: "v"']],
    ['sources of volumes', { volumes: [
      { name: 'a', iscsi: { targetPortal: '', iqn: 'x', lun: 256 } }, { name: 'b', fc: {} }, { name: 'c', flexVolume: { driver: '', options: { 'kubernetes.io/x': '1' } } },
      { name: 'd', gcePersistentDisk: { pdName: '', partition: 300 } }, { name: 'e', cephfs: {}, rbd: { monitors: [], image: '' } }, { name: 'f', csi: { driver: '', nodePublishSecretRef: {} } }, { name: 'g', azureDisk: { diskName: 'd', diskURI: 'u', kind: 'Managed' } },
    ] }, [
      'spec.volumes[0].iscsi.targetPortal: Required value', 'spec.volumes[0].iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa', 'spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
      'spec.volumes[1].fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both', 'spec.volumes[2].flexVolume.driver: Required value',
      'spec.volumes[2].flexVolume.options[kubernetes.io/x]: Invalid value: "kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved', 'spec.volumes[3].persistentDisk.pdName: Required value',
      'spec.volumes[3].persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive', 'spec.volumes[4].rbd.monitors: Required value', 'spec.volumes[4].rbd.image: Required value',
      'spec.volumes[4].cephFS: Forbidden: may not specify more than 1 volume type', 'spec.volumes[5].csi.driver: Required value', `spec.volumes[5].csi.driver: Invalid value: "": ${SUBDOMAIN}`, 'spec.volumes[5].csi.nodePublishSecretRef.name: Required value',
      'spec.volumes[6].azureDisk.diskURI: Unsupported value: "u": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
    ]],
    ['projections', { serviceAccountName: 's', volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 's', items: [{ key: 'k', path: 'p' }] }, configMap: { name: 'c', items: [{ key: '', path: 'p' }] } }, { serviceAccountToken: { expirationSeconds: 1, path: '../t' } }, { clusterTrustBundle: {} }] } }] }, [
      'spec.volumes[0].projected.sources[0].configMap.items[0].key: Required value', 'spec.volumes[0].projected: Invalid value: "c": conflicting duplicate paths', 'spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source',
      'spec.volumes[0].projected.sources[1].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes', "spec.volumes[0].projected.path: Invalid value: \"../t\": must not contain '..'",
      'spec.volumes[0].projected.sources[2].clusterTrustBundle: Required value: either name or signerName must be specified', 'spec.volumes[0].projected.sources[2].clusterTrustBundle.path: Required value',
    ]],
    ['a token without an account', { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] }, ['spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set']],
    ['claims made for the pod', { volumes: [{ name: 'V', ephemeral: { volumeClaimTemplate: { metadata: { name: 'n' }, spec: { accessModes: ['ReadWriteOnce', 'ReadWriteOncePod'], resources: { requests: { storage: '0' } } } } } }, { name: 'w', ephemeral: {} }, { name: 'u', persistentVolumeClaim: { claimName: 'x-w' } }] }, [
      'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set', 'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
      'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Invalid value: "0": must be greater than zero', `spec.volumes[0].name: Invalid value: "V": PVC name "x-V": ${SUBDOMAIN}`, `spec.volumes[0].name: Invalid value: "V": ${LABEL}`,
      'spec.volumes[1].ephemeral.volumeClaimTemplate: Required value', 'spec.volumes[2].persistentVolumeClaim.claimName: Invalid value: "x-w": must not reference a PVC that gets created for an ephemeral volume',
    ]],
    ['mounts below mounts', { volumes: [{ name: 'v' }], containers: [c({ volumeMounts: [{ name: 'v', mountPath: '/a', recursiveReadOnly: 'Enabled', mountPropagation: 'HostToContainer' }, { name: 'v', mountPath: '/a', recursiveReadOnly: 'x' }] })] }, [
      'spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true', 'spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified',
      'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique', 'spec.containers[0].volumeMounts.recursiveReadOnly: Unsupported value: "x": supported values: "Disabled", "Enabled", "IfPossible"',
    ]],
    ['claims of resources', { resourceClaims: [{ name: 'a' }, { name: 'a', resourceClaimName: 'r' }], containers: [c({ resources: { claims: [{ name: 'a' }, { name: 'a' }, { name: 'b' }] } })] }, [
      'spec.resourceClaims[0]: Invalid value: {"name":"a"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`', 'spec.resourceClaims[1].name: Duplicate value: "a"',
      'spec.containers[0].resources.claims[1]: Duplicate value: "a"', 'spec.containers[0].resources.claims[2]: Not found: "b": must be one of the names in pod.spec.resourceClaims: a',
    ]],
    ['amounts', { containers: [c({ resources: { limits: { 'hugepages-2Mi': '3Mi', 'example.com/gpu': '1500m', 'requests.example.com/x': '1' } } })] }, [
      'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi', 'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "1500m": must be an integer',
      "spec.containers[0].resources.limits[requests.example.com/x]: Invalid value: \"requests.example.com/x\": doesn't follow extended resource name standard",
      'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi', 'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "1500m": must be an integer',
      "spec.containers[0].resources.requests[requests.example.com/x]: Invalid value: \"requests.example.com/x\": doesn't follow extended resource name standard",
      'spec.containers[0].resources: Forbidden: HugePages require cpu or memory',
    ]],
    ['a pod as a whole', { resources: { limits: { cpu: '1', pods: '1' }, requests: { cpu: '100m' }, claims: [] }, containers: [c({ resources: { requests: { cpu: '200m' }, limits: { cpu: '2' } } })] }, [
      'spec.resources.claims: Forbidden: claims cannot be set for Resources at pod-level', 'spec.resources.limits[pods]: Unsupported value: "pods": supported values: "cpu", "memory"',
      'spec.resources.requests[cpu]: Invalid value: "100m": must be greater than or equal to aggregate container requests of 200m', 'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
    ]],
    ['what the pod\'s system cannot have', { os: { name: 'windows' }, hostPID: true, securityContext: { runAsUser: 1 }, containers: [c({ securityContext: { privileged: false } })] }, ['spec.hostPID: Forbidden: cannot be set for a windows pod', 'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod', 'spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod']],
    ['options of Windows', { securityContext: { windowsOptions: { hostProcess: true, runAsUserName: 'a\\b\\c' } } }, ['spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one backslash', 'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers']],
    ['settings of the host\'s kernel', { hostNetwork: true, securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } }, ["spec.securityContext.sysctls[0].name: Invalid value: \"net.core.somaxconn\": may not be specified when 'hostNetwork' is true"]],
    ['keys of labels', { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z', matchLabelKeys: ['a'] }] } }, topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'z', whenUnsatisfiable: 'x' }, { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'x', minDomains: 1 }] }, [
      'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set', 'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
      'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "x": supported values: "DoNotSchedule", "ScheduleAnyway"', 'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, x}"',
      'spec.topologySpreadConstraints[1].whenUnsatisfiable: Unsupported value: "x": supported values: "DoNotSchedule", "ScheduleAnyway"', 'spec.topologySpreadConstraints[1].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not x',
    ]],
    ['containers that start others anew', { containers: [c({ restartPolicyRules: [{ action: 'Restart' }] })] }, ['spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restartPolicyRules are used', 'spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified']],
    ['ports of the host', { containers: [c({ ports: [{ containerPort: 1, hostPort: 5 }, { containerPort: 2, hostPort: 5 }] })], initContainers: [{ name: 'c', image: 'i' }] }, ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//5"', 'spec.initContainers[0].name: Duplicate value: "c"']],
    ['fields of the downward API', { containers: [c({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.hostname' } } }, { name: 'B', valueFrom: { fieldRef: { fieldPath: "spec.x['y']" } } }, { name: 'C', valueFrom: { fieldRef: { fieldPath: 'spec.host' } } }], envFrom: [{}] })] }, [
      'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.hostname": error converting fieldPath: field label not supported: spec.hostname',
      "spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.x['y']\": error converting fieldPath: field label does not support subscript: spec.x['y']",
      'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
    ]],
    ['gates and a node', { nodeName: 'n', schedulingGates: [{ name: 'g' }], ephemeralContainers: [{ name: 'e', image: 'i' }] }, ['spec.ephemeralContainers: Forbidden: cannot be set on create', 'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared']],
  ])('%s', (_, spec, errors) => expect(made('Pod', pod(spec))).toEqual(errors));

  test('annotations', () => {
    const notes = (annotations: object, spec: object = {}): string[] => made('Pod', pod(spec, { annotations }));
    expect(notes({ 'kubernetes.io/config.mirror': 'm' })).toEqual(['metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "m": must set spec.nodeName if mirror pod annotation is set']);
    expect(notes({ 'controller.kubernetes.io/pod-deletion-cost': '+1' })).toEqual(['metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer']);
    expect(notes({ 'container.apparmor.security.beta.kubernetes.io/d': 'x' })).toEqual(['metadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: "d": container not found', 'metadata.annotations[container.apparmor.security.beta.kubernetes.io/d]: Invalid value: "x": invalid AppArmor profile name: "x"']);
    expect(notes({ 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }, { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } })).toEqual(['spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match']);
  });

  test('defaults', () => {
    const p = ready(of('Pod'), pod({ terminationGracePeriodSeconds: -5, resources: { limits: { cpu: '1', memory: '1Gi' } }, containers: [c({ resources: { requests: { cpu: '100m' } } })], volumes: [{ name: 'v', rbd: { monitors: ['m'], image: 'i' } }] })) as unknown as { spec: object };
    expect(p.spec).toMatchObject({ terminationGracePeriodSeconds: -5, resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m', memory: '1Gi' } }, volumes: [{ rbd: { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' } }] });
    const spread = { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {}, matchLabelKeys: ['app'] }, k = of('Pod'), q = ready(k, pod({ topologySpreadConstraints: [spread] }, { labels: { app: 'web' } }));
    k.prepareForCreate!(q);
    expect(q).toMatchObject({ spec: { topologySpreadConstraints: [{ labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] } }] } });
    expect(k.validate(q)).toEqual([]);
  });

  test('updates', () => {
    const gated = { schedulingGates: [{ name: 'g' }], nodeSelector: { a: '1' } }, need = (...matchExpressions: object[]): object => ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } } } });
    const a = { key: 'a', operator: 'Exists' }, b = { key: 'b', operator: 'Exists' };
    expect(changed('Pod', pod(gated), pod({ ...gated, nodeSelector: { a: '1', b: '2' } }))).toEqual([]);
    expect(changed('Pod', pod(gated), pod({ ...gated, nodeSelector: { b: '2' } }))).toEqual(['spec.nodeSelector: Invalid value: {"b":"2"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)']);
    expect(changed('Pod', pod({ ...gated, ...need(a) }), pod({ ...gated, ...need(a, b) }))).toEqual([]);
    expect(changed('Pod', pod(gated), pod({ ...gated, ...need(a) }))).toEqual([]);
    expect(changed('Pod', pod({ ...gated, ...need(a) }), pod({ ...gated, ...need(b) }))[0]).toContain('nodeSelectorTerms[0]: Invalid value: {"matchExpressions":[{"key":"b","operator":"Exists"}]}: only additions are allowed (no mutations or deletions)');
    expect(changed('Pod', pod(need(a)), pod(need(a, b)))[0]).toMatch(/^spec: Forbidden: pod updates may not change fields other than/);
    expect(changed('Pod', pod({ terminationGracePeriodSeconds: -1 }), pod({ terminationGracePeriodSeconds: 1 }))).toEqual([]);
    expect(changed('Pod', pod({}), pod({}, { annotations: { 'kubernetes.io/config.mirror': 'm' } }))).toEqual(['metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation']);
  });

  test('a status', () => {
    const ended = { name: 'c', state: { terminated: { exitCode: 1 } } }, runs = { name: 'c', state: { running: {} } }, say = (spec: object, before: object, after: object): string[] => status('Pod', { ...pod(spec), status: before }, { status: after });
    expect(say({ restartPolicy: 'Never' }, { containerStatuses: [ended] }, { containerStatuses: [runs] })).toEqual(['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state']);
    expect(say({ restartPolicy: 'OnFailure' }, { containerStatuses: [ended] }, { containerStatuses: [runs] })).toEqual([]);
    expect(say({}, { qosClass: 'BestEffort' }, { qosClass: 'Burstable', podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], hostIP: '1.1.1.1', hostIPs: [{ ip: '2.2.2.2' }], nominatedNodeName: 'A_' })).toEqual([
      `status.nominatedNodeName: Invalid value: "A_": ${SUBDOMAIN}`, 'status.qosClass: Invalid value: "Burstable": field is immutable', 'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family', 'status.hostIPs[0].ip: Invalid value: "2.2.2.2": must be equal to `hostIP`',
    ]);
    expect(say({}, { qosClass: 'BestEffort' }, {})).toEqual([]);
  });

  test.each<[object, object, string[]]>([
    [{ terminationGracePeriodSeconds: -1 }, {}, ['spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1']],
    [{}, { name: 'a.b' }, ["metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]"]],
    [{ containers: [c({ env: [{ name: 'A', value: '1' }, { name: 'A', value: '$(A)2' }, { name: 'A', value: '3' }], resources: { limits: { memory: '100m' } } })] }, {}, ['spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer', 'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer', 'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply']],
    [{ volumes: [{ name: 'g', gitRepo: { repository: 'r' } }], imagePullSecrets: [{ name: 'a' }, { name: 'a' }], hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }] }, {}, ['spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+', 'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"', 'spec.imagePullSecrets[1].name: duplicate name "a"']],
    [{ containers: [c({ ports: [{ containerPort: 80 }, { containerPort: 80, hostPort: 80 }] }), { name: 'd', image: 'i', ports: [{ containerPort: 80 }] }] }, {}, ['spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]', 'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]', 'spec.containers[1].ports[0]: overlapping port definition with spec.containers[0].ports[1]']],
    [{ nodeSelector: { 'beta.kubernetes.io/os': 'linux' }, topologySpreadConstraints: [{ topologyKey: 'failure-domain.beta.kubernetes.io/zone' }] }, {}, ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead', 'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead', 'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod']],
  ])('warnings: %j', (spec, metadata, texts) => expect(warned('Pod', pod(spec, metadata))).toEqual(texts));
});

test('templates warn when they are new or changed', () => {
  const k = of('apps/v1/Deployment'), d = (generation: number): Object => ready(k, { metadata: { generation }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' }, annotations: { 'scheduler.alpha.kubernetes.io/critical-pod': '' } }, spec: { containers: [c()] } } } });
  const texts = ['spec.template.metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead'];
  expect([k.warnings!(d(1)), k.warnings!(d(2), d(1)), k.warnings!(d(1), d(1))]).toEqual([texts, texts, []]);
});

describe('services', () => {
  const ports = [{ port: 80 }];
  test.each<[string, object, string[]]>([
    ['addresses that do not fit', { ports, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.2', 'x'] }, ['spec.clusterIPs: Invalid value: ["10.0.0.2","x"]: first value must match `clusterIP`', 'spec.clusterIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    ['a list alone', { ports, clusterIPs: ['10.0.0.2'] }, ['spec.clusterIPs: Invalid value: ["10.0.0.2"]: must be empty when `clusterIP` is not specified']],
    ['two of one family', { ports, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2'], ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv4'] }, ['spec.ipFamilies[1]: Duplicate value: "IPv4"', 'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family']],
    ['both families on a cluster of one', { ports, ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] }, ['spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services', 'spec.ipFamilies[1]: Invalid value: "IPv6": not configured on this cluster']],
    ['names alone may be both', { clusterIP: 'None' }, []],
    ['no address for a port of the nodes', { ports, type: 'NodePort', clusterIP: 'None' }, ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]],
    ['no name', { type: 'ExternalName', clusterIP: '10.0.0.1' }, ['spec.clusterIPs: Forbidden: may not be set for ExternalName services', 'spec.externalName: Required value']],
    ['what only load balancers have', { ports, loadBalancerSourceRanges: ['x'], allocateLoadBalancerNodePorts: true, loadBalancerClass: 'c', externalTrafficPolicy: 'Local', healthCheckNodePort: 1 }, [
      "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'", 'spec.LoadBalancerSourceRanges[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)', "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
      "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'", 'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services', "spec.healthCheckNodePort: Invalid value: 1: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    ]],
    ['ports twice', { type: 'NodePort', ports: [{ name: 'a', port: 80, nodePort: 30000 }, { name: 'a', port: 80, nodePort: 30000 }] }, ['spec.ports[1].name: Duplicate value: "a"', 'spec.ports[1].nodePort: Duplicate value: 30000', 'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}']],
  ])('%s', (_, spec, errors) => expect(made('Service', { spec })).toEqual(errors));

  test('updates', () => {
    const is = { ports, type: 'LoadBalancer', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', loadBalancerClass: 'a' };
    expect(changed('Service', { spec: is }, { spec: { ...is, clusterIP: '10.0.0.2' } })).toEqual(['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set']);
    expect(changed('Service', { spec: is }, { spec: { ...is, loadBalancerClass: 'b' } })).toEqual(['spec.loadBalancerClass: Invalid value: "b": may not change once set']);
    expect(changed('Service', { spec: is }, { spec: { ports, type: 'LoadBalancer', loadBalancerClass: 'a' } })).toEqual([]);
    expect(changed('Service', { spec: is }, { spec: { ...is, type: 'ExternalName', externalName: 'a.b' } })).toEqual([]);
    expect(changed('Service', { spec: { clusterIP: 'None' } }, { spec: { clusterIP: 'None', ports } })).toEqual([]);
  });
  test('a status', () => {
    const say = (type: string, ...ingress: object[]): string[] => status('Service', { spec: { ports, type } }, { status: { loadBalancer: { ingress } } });
    expect(say('ClusterIP', { ip: '1.1.1.1' })).toEqual(["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"]);
    expect(say('LoadBalancer', { ip: '1.1.1.1' }, { hostname: '2.2.2.2', ipMode: 'VIP' })).toEqual(['status.loadBalancer.ingress[1].ipMode: Forbidden: may not be specified when `ip` is not set', 'status.loadBalancer.ingress[1].hostname: Invalid value: "2.2.2.2": must be a DNS name, not an IP address']);
  });
  test('warnings', () => {
    expect(warned('Service', { spec: { ports, externalIPs: ['2001:DB8::1'], trafficDistribution: 'PreferClose', externalName: 'a' } })).toEqual([
      'spec.externalIPs[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")', 'spec.externalIPs is deprecated and may no longer be implemented in some clusters', 'spec.externalName is ignored when spec.type is not "ExternalName"', 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ]);
    expect(warned('Service', { spec: { clusterIP: 'None', sessionAffinity: 'ClientIP' } })).toEqual(['spec.SessionAffinity is ignored for headless services']);
  });
});

describe('volumes and claims', () => {
  const volume = (more: object): object => ({ spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...more } }), hostPath = { path: '/a' };
  test.each<[string, object, string[]]>([
    ['nothing', { accessModes: [], capacity: {} }, ['spec.accessModes: Required value', 'spec.capacity: Required value', 'spec.capacity: Unsupported value: {}: supported values: "storage"', 'spec: Required value: must specify a volume type']],
    ['a directory of a node', { local: { path: '/a/../b' }, volumeMode: 'x' }, ["spec.local.path: Invalid value: \"/a/../b\": must not contain '..'", 'spec.nodeAffinity: Required value: Local volume requires node affinity', 'spec.volumeMode: Unsupported value: "x": supported values: "Block", "Filesystem"']],
    ['drivers', { csi: { driver: 'd', volumeHandle: '', nodeStageSecretRef: {}, nodeExpandSecretRef: { name: 'n' } } }, ['spec.csi.volumeHandle: Required value', 'spec.csi.nodeExpandSecretRef.namespace: Required value']],
    ['the whole host', { hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle', volumeAttributesClassName: 'v' }, ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'", 'spec.csi: Required value: has to be specified when using volumeAttributesClassName']],
  ])('%s', (_, spec, errors) => expect(made('PersistentVolume', volume(spec))).toEqual(errors));
  test('a volume stays what it is', () => {
    const nodes = (key: string): object => ({ hostPath, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'Exists' }] }] } } });
    expect(changed('PersistentVolume', volume({ hostPath }), volume({ hostPath: { path: '/b' } }))).toEqual(['spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation']);
    expect(changed('PersistentVolume', volume(nodes('beta.kubernetes.io/os')), volume(nodes('kubernetes.io/os')))).toEqual([]);
    expect(changed('PersistentVolume', volume(nodes('a')), volume(nodes('b')))[0]).toMatch(/^nodeAffinity: Invalid value: .*: field is immutable, except for updating from beta label to GA$/);
    expect(warned('PersistentVolume', volume({ hostPath, persistentVolumeReclaimPolicy: 'Recycle' }))).toEqual(['spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.']);
  });
  test('claims', () => {
    const claim = (more: object = {}, phase = 'Bound'): object => ({ status: { phase, capacity: { storage: '1Gi' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, ...more } });
    expect(made('PersistentVolumeClaim', claim({ accessModes: ['x'], dataSourceRef: { kind: 'K', name: '', apiGroup: 'g', namespace: 'N' } }))).toEqual(['spec.accessModes: Unsupported value: "x": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"', 'spec.dataSourceRef.name: Required value', `spec.dataSourceRef.namespace: Invalid value: "N": ${LABEL}`]);
    expect(changed('PersistentVolumeClaim', claim({}, 'Pending'), claim({ resources: { requests: { storage: '3Gi' } } }))).toEqual(['spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims']);
    expect(changed('PersistentVolumeClaim', claim(), claim({ resources: { requests: { storage: '1Gi' } } }))).toEqual(['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity']);
    expect(changed('PersistentVolumeClaim', claim(), claim({ storageClassName: 's', volumeName: 'v' }))).toEqual([]);
    expect(changed('PersistentVolumeClaim', claim({ volumeAttributesClassName: 'a' }), claim()).at(-1)).toBe('spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden');
    expect(status('PersistentVolumeClaim', claim(), { status: { capacity: { storage: '-1' }, allocatedResourceStatuses: { storage: 'x' } } })).toEqual(['status.capacity[storage]: Invalid value: -1: must be a valid resource quantity', 'status.allocatedResourceStatus: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"']);
  });
});

test('pieces that are missing are told of, not stumbled over', () => {
  const sources = ['hostPath', 'gitRepo', 'gcePersistentDisk', 'nfs', 'iscsi', 'glusterfs', 'flocker', 'rbd', 'cinder', 'cephfs', 'quobyte', 'fc', 'flexVolume', 'azureFile', 'azureDisk', 'storageos', 'scaleIO', 'csi', 'secret', 'configMap', 'downwardAPI', 'projected', 'ephemeral', 'image', 'persistentVolumeClaim'];
  const bare: [string, object][] = [
    ['Pod', { spec: {} }], ['Pod', pod({ volumes: [...sources.map(k => ({ [k]: {} })), { projected: { sources: [{}, { secret: { items: [{}] }, downwardAPI: { items: [{}] }, serviceAccountToken: {}, clusterTrustBundle: {} }] } }] })],
    ['Pod', { spec: { containers: [{ ports: [{}], env: [{ valueFrom: { fieldRef: {}, resourceFieldRef: {}, configMapKeyRef: {}, secretKeyRef: {} } }], envFrom: [{}], volumeMounts: [{}], volumeDevices: [{}], resources: { claims: [{}] }, resizePolicy: [{}], restartPolicyRules: [{}, { exitCodes: {} }], securityContext: { seccompProfile: {}, appArmorProfile: {}, windowsOptions: {} }, lifecycle: { preStop: {}, postStart: { sleep: {}, httpGet: {} } }, livenessProbe: {} }] } }],
    ['Pod', { spec: { containers: [{}], initContainers: [{}], affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {}, preferredDuringSchedulingIgnoredDuringExecution: [{}] }, podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}], preferredDuringSchedulingIgnoredDuringExecution: [{}] } }, tolerations: [{}], topologySpreadConstraints: [{}], hostAliases: [{}], readinessGates: [{}], schedulingGates: [{}], resourceClaims: [{}], os: {}, dnsConfig: { options: [{}] }, securityContext: { sysctls: [{}] }, resources: {} } }],
    ['Service', { spec: { ports: [{}], clusterIPs: [''], type: 'LoadBalancer', loadBalancerSourceRanges: [''] } }], ['PersistentVolumeClaim', { spec: { dataSource: {}, dataSourceRef: {} } }],
    ...sources.map((k): [string, object] => ['PersistentVolume', { spec: { [k]: {}, nodeAffinity: {} } }]),
    ['Endpoints', { subsets: [{}, { addresses: [{}], ports: [{}] }] }], ['discovery.k8s.io/v1/EndpointSlice', { endpoints: [{}, { hints: { forZones: [{}] } }], ports: [{}] }],
  ];
  for (const [kind, o] of bare) {
    expect(made(kind, o), kind).not.toEqual([]);
    warned(kind, o);
    changed(kind, o, o);
  }
});

describe('the rest', () => {
  test.each<[string, string, object, string[]]>([
    ['finalizers', 'ConfigMap', { metadata: { finalizers: ['mine'] } }, ['metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified']],
    ['finalizers of namespaces', 'Namespace', { spec: { finalizers: ['mine'] } }, ['spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified']],
    ['slices', 'discovery.k8s.io/v1/EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: ['::1', 'x'], hints: { forZones: [{ name: 'a' }, { name: 'a' }] } }], ports: [{ appProtocol: 'a b' }] }, [
      'endpoints[0].addresses[0]: Invalid value: "::1": must be an IPv4 address', 'endpoints[0].addresses[0]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)', 'endpoints[0].addresses[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'endpoints[0].hints.forZones[1].name: Duplicate value: "a"',
      "ports[0].appProtocol: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ]],
    ['slices of names', 'discovery.k8s.io/v1/EndpointSlice', { addressType: 'FQDN', endpoints: [{ addresses: ['web'] }] }, ['endpoints[0].addresses[0]: Invalid value: "web": should be a domain with at least two segments separated by dots']],
    ['leases', 'coordination.k8s.io/v1/Lease', { spec: { leaseDurationSeconds: 0, preferredHolder: 'a' } }, ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0', 'spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined']],
    ['old events', 'Event', { involvedObject: { namespace: 'a' } }, ['involvedObject.namespace: Invalid value: "a": does not match event.namespace']],
    ['new events', 'events.k8s.io/v1/Event', { eventTime: '2026-01-01T00:00:00.000000Z', regarding: { namespace: 'default' }, reportingController: 'x/y', reportingInstance: 'i', action: 'a', reason: 'r'.repeat(129), type: 'Odd', series: { count: 1 }, deprecatedCount: 3 }, ['reason: Invalid value: "": can have at most 128 characters', 'series.count: Invalid value: "": should be at least 2', 'series.lastObservedTime: Required value', 'type: Invalid value: "": has invalid value: Odd', 'count: Invalid value: "": needs to be unset']],
    ['quotas', 'ResourceQuota', { spec: { hard: { pods: '1' }, scopeSelector: { matchExpressions: [{ scopeName: 'BestEffort', operator: 'DoesNotExist' }] } } }, ["spec.scopeSelector.matchExpressions.operator: Invalid value: \"DoesNotExist\": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"]],
  ])('%s', (_, kind, o, errors) => expect(made(kind, o)).toEqual(errors));
  test('status and changes', () => {
    expect(status('Namespace', {}, { status: { phase: 'Terminating' } })).toEqual(["status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"]);
    expect(status('Namespace', {}, { status: { phase: 'Active' } }, { deletionTimestamp: '2026-01-01T00:00:00Z' })).toEqual(["status.Phase: Invalid value: \"Active\": may only be 'Terminating' if `deletionTimestamp` is not empty"]);
    expect(status('ResourceQuota', {}, { status: { used: { foo: '-1' } } })).toEqual(['status.used[foo]: Invalid value: "foo": must be a standard resource type or fully qualified', 'status.used[foo]: Invalid value: "foo": must be a standard resource for quota', 'status.used[foo]: Invalid value: "-1": must be greater than or equal to 0']);
    expect(changed('ResourceQuota', { spec: { scopes: ['BestEffort', 'Terminating'] } }, { spec: { scopes: ['Terminating', 'BestEffort'] } })).toEqual([]);
    expect(changed('events.k8s.io/v1/Event', { reason: 'a' }, { reason: 'b', series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' } })).toEqual(['reason: Invalid value: "b": field is immutable', 'reason: Invalid value: "b": field is immutable']);
  });
  test('warnings', () => {
    expect(warned('Secret', { type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } })).toEqual(['tls: failed to find any PEM data in certificate input']);
    expect(warned('Node', { spec: { externalID: 'x' } })).toEqual(['spec.externalID: this field is deprecated, and is unused by Kubernetes']);
    expect(warned('PersistentVolumeClaim', { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 's' } }, spec: { resources: { requests: { storage: '1500m' } } } })).toEqual(['metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead', 'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer']);
    expect(warned('discovery.k8s.io/v1/EndpointSlice', { addressType: 'FQDN' })).toEqual(['addressType: FQDN endpoints are deprecated']);
  });
});
