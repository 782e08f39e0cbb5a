// Bad manifests and requests, over real HTTPS against the real host: each gets the right Status, and the process stays up.
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHost, type Host } from '../harness/host.ts';
import { credentials, send, type Answer, type Credentials } from '../harness/https.ts';

let host: Host, c: Credentials;
beforeAll(async () => {
  host = await startHost(['--nodes', '0']);
  c = credentials(host.ready.kubeconfig);
});
afterAll(async () => { await host?.dispose(); });

const NS = '/api/v1/namespaces/default';
const PODS = `${NS}/pods`, CMS = `${NS}/configmaps`, SVCS = `${NS}/services`, SECRETS = `${NS}/secrets`, DEPLOYS = '/apis/apps/v1/namespaces/default/deployments';
const meta = (name: unknown, more = {}): object => ({ name, ...more });
const pod = (spec: unknown, metadata: unknown = meta('p')): object => ({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
const container = (more: object): object => pod({ containers: [{ name: 'c', image: 'i', ...more }] });
const cm = (more: object, metadata: unknown = meta('bad')): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata, ...more });
const svc = (spec: unknown, metadata: unknown = meta('bad')): object => ({ apiVersion: 'v1', kind: 'Service', metadata, spec });
const deploy = (spec: unknown, metadata: unknown = meta('bad')): object => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec });
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const good = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template };
const deep = (n: number): string => '{"a":'.repeat(n) + '1' + '}'.repeat(n);
const long = (n: number): string => 'x'.repeat(n);

interface Case { name: string; method?: string; path: string; body?: string | Buffer | object; headers?: Record<string, string>; status: number | number[]; says?: RegExp }
const of = (path: string, status: number | number[], bodies: Record<string, unknown>): Case[] => Object.entries(bodies).map(([name, body]) => ({ name, path, body: body as object, status }));

const wrongValues: Case[] = [
  ...of(PODS, 422, {
    'pod without containers': pod({}), 'pod with empty containers': pod({ containers: [] }), 'container without name': pod({ containers: [{ image: 'i' }] }), 'container without image': pod({ containers: [{ name: 'c' }] }),
    'container name in capitals': pod({ containers: [{ name: 'C', image: 'i' }] }), 'container name too long': pod({ containers: [{ name: long(64), image: 'i' }] }), 'two containers of one name': pod({ containers: [{ name: 'c', image: 'i' }, { name: 'c', image: 'i' }] }),
    'init container of the same name': pod({ initContainers: [{ name: 'c', image: 'i' }], containers: [{ name: 'c', image: 'i' }] }),
    'pod name in capitals': pod({ containers: [{ name: 'c', image: 'i' }] }, meta('P')), 'pod name with underscore': pod({ containers: [{ name: 'c', image: 'i' }] }, meta('a_b')), 'pod name too long': pod({ containers: [{ name: 'c', image: 'i' }] }, meta(long(254))),
    'pod name with slash': pod({ containers: [{ name: 'c', image: 'i' }] }, meta('a/b')), 'pod name of dots': pod({ containers: [{ name: 'c', image: 'i' }] }, meta('..')), 'pod without a name': pod({ containers: [{ name: 'c', image: 'i' }] }, {}), 'pod name ending in a dash': pod({ containers: [{ name: 'c', image: 'i' }] }, meta('a-')),
    'label key with space': pod({ containers: [{ name: 'c', image: 'i' }] }, meta('p', { labels: { 'a b': 'c' } })), 'label value too long': pod({ containers: [{ name: 'c', image: 'i' }] }, meta('p', { labels: { a: long(64) } })), 'label value with slash': pod({ containers: [{ name: 'c', image: 'i' }] }, meta('p', { labels: { a: 'b/c' } })),
    'annotation key with colon': pod({ containers: [{ name: 'c', image: 'i' }] }, meta('p', { annotations: { 'a:b': 'c' } })), 'annotations too large': pod({ containers: [{ name: 'c', image: 'i' }] }, meta('p', { annotations: { a: long(300_000) } })),
    'restart policy unknown': pod({ restartPolicy: 'Sometimes', containers: [{ name: 'c', image: 'i' }] }), 'dns policy unknown': pod({ dnsPolicy: 'Maybe', containers: [{ name: 'c', image: 'i' }] }),
    'pull policy unknown': container({ imagePullPolicy: 'Often' }), 'port 0': container({ ports: [{ containerPort: 0 }] }), 'port 65536': container({ ports: [{ containerPort: 65_536 }] }), 'port name in capitals': container({ ports: [{ containerPort: 1, name: 'HTTP' }] }), 'port protocol unknown': container({ ports: [{ containerPort: 1, protocol: 'ICMP' }] }),
    'env without name': container({ env: [{ value: 'x' }] }), 'env with value and source': container({ env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }), 'env with two sources': container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' }, secretKeyRef: { name: 's', key: 'k' } } }] }), 'env from an unknown field': container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.wishes' } } }] }),
    'negative cpu': container({ resources: { requests: { cpu: '-1' } } }), 'request over limit': container({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }), 'unknown resource': container({ resources: { limits: { magic: '1' } } }),
    'probe without handler': container({ livenessProbe: {} }), 'probe with two handlers': container({ livenessProbe: { exec: { command: ['a'] }, tcpSocket: { port: 1 } } }), 'probe with negative period': container({ livenessProbe: { exec: { command: ['a'] }, periodSeconds: -1 } }), 'liveness with successThreshold 2': container({ livenessProbe: { exec: { command: ['a'] }, successThreshold: 2 } }),
    'mount of an unknown volume': container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }), 'mount without path': pod({ volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v' }] }] }), 'two mounts at one path': pod({ volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }, { name: 'v', mountPath: '/v' }] }] }),
    'volume without name': pod({ volumes: [{ emptyDir: {} }], containers: [{ name: 'c', image: 'i' }] }), 'volume of two sorts': pod({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }], containers: [{ name: 'c', image: 'i' }] }), 'two volumes of one name': pod({ volumes: [{ name: 'v', emptyDir: {} }, { name: 'v', emptyDir: {} }], containers: [{ name: 'c', image: 'i' }] }), 'hostPath climbing up': pod({ volumes: [{ name: 'v', hostPath: { path: '/a/../b' } }], containers: [{ name: 'c', image: 'i' }] }), 'subPath climbing up': pod({ volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v', subPath: '../../etc' }] }] }),
    'toleration operator unknown': pod({ tolerations: [{ key: 'a', operator: 'Likes' }], containers: [{ name: 'c', image: 'i' }] }), 'node selector value invalid': pod({ nodeSelector: { a: '***' }, containers: [{ name: 'c', image: 'i' }] }), 'host name invalid': pod({ hostname: 'Not_A_Host', containers: [{ name: 'c', image: 'i' }] }), 'active deadline 0': pod({ activeDeadlineSeconds: 0, containers: [{ name: 'c', image: 'i' }] }),
  }),
  ...of(CMS, 422, { 'config map key with slash': cm({ data: { 'a/b': 'c' } }), 'config map key of two dots': cm({ data: { '..': 'c' } }), 'config map key twice': cm({ data: { a: 'b' }, binaryData: { a: 'Yg==' } }), 'config map over 1 MiB': cm({ data: { a: long(1_100_000) } }), 'config map with an empty name': cm({}, meta('')), 'owner without uid': cm({}, meta('x', { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a' }] })), 'finalizer without domain': cm({}, meta('x', { finalizers: ['a b'] })), 'generateName in capitals': cm({}, { generateName: 'UP-' }) }),
  ...of(SECRETS, 422, { 'secret key with space': { kind: 'Secret', apiVersion: 'v1', metadata: meta('s'), data: { 'a b': 'Yg==' } }, 'tls secret without key': { kind: 'Secret', apiVersion: 'v1', type: 'kubernetes.io/tls', metadata: meta('s'), data: { 'tls.crt': 'Yg==' } }, 'docker config that is no JSON': { kind: 'Secret', apiVersion: 'v1', type: 'kubernetes.io/dockerconfigjson', metadata: meta('s'), data: { '.dockerconfigjson': 'e30x' } }, 'secret over 1 MiB': { kind: 'Secret', apiVersion: 'v1', metadata: meta('s'), stringData: { a: long(1_100_000) } } }),
  ...of(SVCS, 422, {
    'service without ports': svc({}), 'service port 0': svc({ ports: [{ port: 0 }] }), 'service port 70000': svc({ ports: [{ port: 70_000 }] }), 'two unnamed ports': svc({ ports: [{ port: 1 }, { port: 2 }] }), 'two ports of one name': svc({ ports: [{ name: 'a', port: 1 }, { name: 'a', port: 2 }] }), 'same port twice': svc({ ports: [{ name: 'a', port: 1 }, { name: 'b', port: 1 }] }), 'service type unknown': svc({ type: 'Magic', ports: [{ port: 1 }] }), 'cluster address outside the range': svc({ clusterIP: '1.2.3.4', ports: [{ port: 1 }] }), 'cluster address that is none': svc({ clusterIP: 'hello', ports: [{ port: 1 }] }), 'node port 80': svc({ type: 'NodePort', ports: [{ port: 1, nodePort: 80 }] }), 'node port on ClusterIP': svc({ type: 'ClusterIP', ports: [{ port: 1, nodePort: 30_100 }] }), 'ExternalName without name': svc({ type: 'ExternalName' }), 'affinity unknown': svc({ sessionAffinity: 'Cookie', ports: [{ port: 1 }] }), 'service name starting with a digit': svc({ ports: [{ port: 1 }] }, meta('1web')), 'service name with dot': svc({ ports: [{ port: 1 }] }, meta('a.b')), 'service name too long': svc({ ports: [{ port: 1 }] }, meta(long(64))), 'targetPort name invalid': svc({ ports: [{ port: 1, targetPort: 'Not A Port' }] }), 'selector value invalid': svc({ selector: { a: 'b c' }, ports: [{ port: 1 }] }),
  }),
  ...of(DEPLOYS, 422, {
    'deployment without selector': deploy({ template }), 'selector that does not match': deploy({ ...good, selector: { matchLabels: { a: 'c' } } }), 'negative replicas': deploy({ ...good, replicas: -1 }), 'negative minReadySeconds': deploy({ ...good, minReadySeconds: -1 }), 'strategy unknown': deploy({ ...good, strategy: { type: 'Whenever' } }), 'surge and unavailable 0': deploy({ ...good, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }), 'surge of 10x': deploy({ ...good, strategy: { rollingUpdate: { maxSurge: '10x' } } }), 'Recreate with rollingUpdate': deploy({ ...good, strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }), 'template with restartPolicy Never': deploy({ ...good, template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } }), 'template without containers': deploy({ ...good, template: { metadata: template.metadata, spec: {} } }), 'selector operator unknown': deploy({ ...good, selector: { matchExpressions: [{ key: 'a', operator: 'Like', values: ['b'] }] } }), 'In without values': deploy({ ...good, selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }), 'deadline below minReady': deploy({ ...good, minReadySeconds: 10, progressDeadlineSeconds: 5 }), 'empty selector': deploy({ ...good, selector: {} }),
  }),
  ...of('/api/v1/namespaces', 422, { 'namespace with dot': { kind: 'Namespace', apiVersion: 'v1', metadata: meta('a.b') }, 'namespace too long': { kind: 'Namespace', apiVersion: 'v1', metadata: meta(long(64)) }, 'namespace in capitals': { kind: 'Namespace', apiVersion: 'v1', metadata: meta('Team') } }),
];

const wrongTypes: Case[] = [
  ...of(PODS, 400, {
    'spec is a string': pod('x'), 'spec is a list': pod([]), 'containers is a map': pod({ containers: {} }), 'container is a number': pod({ containers: [1] }), 'image is a number': pod({ containers: [{ name: 'c', image: 1 }] }), 'args is a string': container({ args: 'x' }), 'port is a string': container({ ports: [{ containerPort: '80' }] }), 'port is 1.5': container({ ports: [{ containerPort: 1.5 }] }), 'port is 1e99': container({ ports: [{ containerPort: 1e99 }] }), 'labels is a list': pod({ containers: [] }, meta('p', { labels: [] })), 'label value is a number': pod({ containers: [] }, meta('p', { labels: { a: 1 } })), 'label value is a boolean': pod({ containers: [] }, meta('p', { labels: { a: true } })), 'annotation value is an object': pod({ containers: [] }, meta('p', { annotations: { a: {} } })), 'name is a number': pod({ containers: [] }, meta(1)), 'metadata is a string': pod({ containers: [] }, 'x'), 'hostNetwork is a string': pod({ hostNetwork: 'yes', containers: [] }), 'grace period is a string': pod({ terminationGracePeriodSeconds: '30', containers: [] }), 'cpu is a list': container({ resources: { limits: { cpu: [] } } }), 'cpu is nonsense': container({ resources: { limits: { cpu: 'lots' } } }), 'creationTimestamp is no time': pod({ containers: [] }, meta('p', { creationTimestamp: 'yesterday' })), 'env is a map': container({ env: { A: 'b' } }), 'body is a list': [], 'body is a string': 'x' as unknown as object, 'kind is a number': { apiVersion: 'v1', kind: 1 },
  }),
  ...of(DEPLOYS, 400, { 'replicas is a string': deploy({ ...good, replicas: '3' }), 'replicas is 1.5': deploy({ ...good, replicas: 1.5 }), 'replicas is huge': deploy({ ...good, replicas: 1e30 }), 'template is null in a list': deploy({ ...good, template: [null] }), 'paused is a string': deploy({ ...good, paused: 'true' }), 'maxSurge is a boolean': deploy({ ...good, strategy: { rollingUpdate: { maxSurge: true } } }) }),
  ...of(SECRETS, 400, { 'secret data that is no base64': { kind: 'Secret', apiVersion: 'v1', metadata: meta('s'), data: { a: '***' } }, 'secret data is a number': { kind: 'Secret', apiVersion: 'v1', metadata: meta('s'), data: { a: 1 } } }),
  ...of(CMS, 400, { 'kind of another resource': { kind: 'Secret', apiVersion: 'v1', metadata: meta('s') }, 'version of another group': { kind: 'ConfigMap', apiVersion: 'apps/v1', metadata: meta('s') }, 'unknown version': { kind: 'ConfigMap', apiVersion: 'v9', metadata: meta('s') }, 'another namespace': cm({}, meta('x', { namespace: 'elsewhere' })), 'data is a list': cm({ data: ['a'] }), 'data value is a number': cm({ data: { a: 1 } }), 'data value is an object': cm({ data: { a: {} } }) }),
];

const strict = '?fieldValidation=Strict';
const raw: Case[] = [
  { name: 'empty body', path: CMS, body: '', status: 400 }, { name: 'half an object', path: CMS, body: '{"kind":', status: 400 }, { name: 'two objects', path: CMS, body: '{}{}', status: 400 }, { name: 'a comma too many', path: CMS, body: '{"a":1,}', status: 400 }, { name: 'single quotes', path: CMS, body: "{'a':1}", status: 400 }, { name: 'NaN', path: CMS, body: '{"a":NaN}', status: 400 }, { name: 'null', path: CMS, body: 'null', status: [400, 422] }, { name: 'a number', path: CMS, body: '17', status: 400 }, { name: 'only white space', path: CMS, body: '  \n', status: 400 },
  { name: 'bytes that are no UTF-8', path: CMS, body: Buffer.concat([Buffer.from('{"metadata":{"name":"'), Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from('"}}')]), status: [400, 422] }, { name: 'NUL bytes', path: CMS, body: Buffer.alloc(100), status: 400 }, { name: 'a byte-order mark and rubbish', path: CMS, body: '\uFEFFrubbish', status: 400 }, { name: 'control characters in a name', path: CMS, body: '{"metadata":{"name":"a\\u0000b"}}', status: 422 }, { name: 'lone surrogate in a name', path: CMS, body: '{"metadata":{"name":"\\ud800"}}', status: 422 },
  { name: 'nested 5,000 deep', path: CMS, body: deep(5000), status: [400, 422] }, { name: 'nested 100,000 deep', path: CMS, body: deep(100_000), status: [400, 413, 422] }, { name: 'lists nested 100,000 deep', path: CMS, body: '['.repeat(100_000), status: 400 }, { name: 'body of 4 MiB', path: CMS, body: JSON.stringify(cm({ data: { a: long(4 * 1024 * 1024) } })), status: 413 },
  { name: 'unknown field, strictly', path: CMS + strict, body: cm({ foo: 1 }), status: 400, says: /strict decoding error: unknown field \\"foo\\"|unknown field "foo"/ }, { name: 'unknown nested field, strictly', path: PODS + strict, body: container({ wishes: [] }), status: 400, says: /unknown field .*spec\.containers\[0\]\.wishes/ }, { name: 'duplicate key, strictly', path: CMS + strict, body: '{"metadata":{"name":"dup"},"data":{"a":"1","a":"2"}}', status: 400, says: /duplicate field/ }, { name: 'field in the wrong case, strictly', path: PODS + strict, body: container({ ImagePullPolicy: 'Always' }), status: 400 },
  { name: 'prototype pollution', path: CMS + strict, body: '{"metadata":{"name":"proto"},"__proto__":{"polluted":true}}', status: 400 }, { name: 'constructor as a field', path: CMS + strict, body: '{"metadata":{"name":"proto"},"constructor":{}}', status: 400 }, { name: 'fieldValidation unknown', path: `${CMS}?fieldValidation=Loose`, body: cm({}), status: 422 }, { name: 'dryRun unknown', path: `${CMS}?dryRun=Some`, body: cm({}), status: 422 }, { name: 'resourceVersion on create', path: CMS, body: cm({}, meta('rv', { resourceVersion: '1' })), status: [400, 500, 422] },
  { name: 'YAML that is not', path: CMS, body: 'a: [1\nb: }', headers: { 'content-type': 'application/yaml' }, status: 400 }, { name: 'YAML alias bomb', path: CMS, body: `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.split('').map((l, i) => `${l}: &${l} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`).join('\n')}\n`, headers: { 'content-type': 'application/yaml' }, status: [400, 413, 422] }, { name: 'YAML with a tab', path: CMS, body: 'a:\n\t- b', headers: { 'content-type': 'application/yaml' }, status: 400 },
  { name: 'protobuf without its magic', path: CMS, body: 'xxxx', headers: { 'content-type': 'application/vnd.kubernetes.protobuf' }, status: 400, says: /expected prefix \[107 56 115 0\]/ }, { name: 'protobuf cut short', path: CMS, body: Buffer.from([0x6b, 0x38, 0x73, 0, 0x0a, 0xff]), headers: { 'content-type': 'application/vnd.kubernetes.protobuf' }, status: 400 }, { name: 'protobuf of random bytes', path: CMS, body: Buffer.concat([Buffer.from([0x6b, 0x38, 0x73, 0]), Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 73) % 256))]), headers: { 'content-type': 'application/vnd.kubernetes.protobuf' }, status: 400 },
  ...['application/x-www-form-urlencoded', 'text/plain', 'image/png', 'application/cbor', 'multipart/form-data', 'nonsense', 'application/json/extra', 'application/xml'].map(t => ({ name: `content type ${t}`, path: CMS, body: cm({}), headers: { 'content-type': t }, status: 415 })),
  ...['application/json', 'text/plain', 'application/strategic-merge', 'application/yaml'].map(t => ({ name: `patch as ${t}`, method: 'PATCH', path: `${CMS}/kube-root-ca.crt`, body: '{}', headers: { 'content-type': t }, status: 415 })),
  ...['text/html', 'image/*', 'application/json;as=Chair;v=v1;g=meta.k8s.io', 'application/cbor'].map(a => ({ name: `accept ${a}`, method: 'GET', path: CMS, headers: { accept: a }, status: 406 })),
];

const patches: Case[] = [
  ...Object.entries({ 'json patch that is no list': '{}', 'json patch with an unknown op': '[{"op":"jump","path":"/data"}]', 'json patch cut short': '[{"op"', 'json patch without op': '[{"path":"/data"}]', 'json patch of numbers': '[1,2]' }).map(([name, body]) => ({ name, method: 'PATCH', path: `${CMS}/kube-root-ca.crt`, body, headers: { 'content-type': 'application/json-patch+json' }, status: [400, 422] })),
  ...Object.entries({ 'json patch test that fails': '[{"op":"test","path":"/data/x","value":"y"}]', 'json patch at a missing path': '[{"op":"remove","path":"/data/none/deeper"}]' }).map(([name, body]) => ({ name, method: 'PATCH', path: `${CMS}/kube-root-ca.crt`, body, headers: { 'content-type': 'application/json-patch+json' }, status: 422 })),
  { name: 'json patch of 20,000 operations', method: 'PATCH', path: `${CMS}/kube-root-ca.crt`, body: JSON.stringify(Array.from({ length: 20_000 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' }))), headers: { 'content-type': 'application/json-patch+json' }, status: 413 },
  ...Object.entries({ 'merge patch that is a list': '[]', 'merge patch that is text': '"x"', 'merge patch cut short': '{"a":' }).map(([name, body]) => ({ name, method: 'PATCH', path: `${CMS}/kube-root-ca.crt`, body, headers: { 'content-type': 'application/merge-patch+json' }, status: [400, 422] })),
  ...Object.entries({ 'merge patch of the wrong type': ['{"data":{"a":1}}', [400, 422]], 'merge patch renaming': ['{"metadata":{"name":"other"}}', [400, 422]], 'merge patch with a stale version': ['{"metadata":{"resourceVersion":"1"}}', 409], 'merge patch with another uid': ['{"metadata":{"uid":"x"}}', 409] }).map(([name, [body, status]]) => ({ name, method: 'PATCH', path: `${CMS}/kube-root-ca.crt`, body: body as string, headers: { 'content-type': 'application/merge-patch+json' }, status: status as number | number[] })),
  { name: 'strategic patch with an unknown directive', method: 'PATCH', path: `${CMS}/kube-root-ca.crt`, body: '{"$patch":"explode"}', headers: { 'content-type': 'application/strategic-merge-patch+json' }, status: [400, 422, 500] },
  { name: 'patch of nothing', method: 'PATCH', path: `${CMS}/none`, body: '{}', headers: { 'content-type': 'application/merge-patch+json' }, status: 404 },
];

const addresses: Case[] = [
  ...['/api/v1/namespaces/default/pods/../../../etc/passwd', '/api/v1/namespaces/default/chairs', '/apis/chairs.io/v1/chairs', '/api/v2/pods', '/apis/apps/v9/deployments', '/api/v1/namespaces/default/pods/x/y/z', '/api/v1/chairs', '/nothing', '/apis/apps/v1beta1/deployments', '/apis/extensions/v1beta1/deployments', '/api/v1/namespaces/default/pods/none', '/api/v1/namespaces/none', '/api/v1/namespaces/default/pods/none/log', '/api/v1/namespaces/default/pods/none/status', '/api/v1/nodes/none/proxy/'].map(path => ({ name: `GET ${path}`, method: 'GET', path, status: 404 })),
  ...['/api/v1/namespaces/default/pods/%00', '/api/v1/namespaces/%2e%2e/pods/x', '/api/v1/namespaces/default/pods/%2e%2e', '/api/v1/namespaces/default/configmaps/a%2fb', '/api/v1/namespaces/default/pods/%zz', '/api/v1/namespaces/default/configmaps/%ff%fe'].map(path => ({ name: `GET ${path}`, method: 'GET', path, status: [400, 404] })),
  ...['limit=many', 'continue=rubbish', 'resourceVersion=-5', 'resourceVersion=abc', 'labelSelector=a+in', 'labelSelector=%3D%3D', 'labelSelector=a+in+(b', 'fieldSelector=spec.foo%3Dx', 'fieldSelector=a', 'resourceVersionMatch=Exact', 'resourceVersionMatch=Sometimes&resourceVersion=1', 'sendInitialEvents=true', 'labelSelector=' + 'a'.repeat(300)].map(q => ({ name: `GET ?${q.slice(0, 40)}`, method: 'GET', path: `${CMS}?${q}`, status: [400, 422] })),
  { name: 'list of the future', method: 'GET', path: `${CMS}?resourceVersion=99999999`, status: 504, says: /Too large resource version/ }, { name: 'includeObject unknown', method: 'GET', path: `${CMS}?includeObject=Maybe`, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }, status: [400, 422] },
  { name: 'POST to a name', method: 'POST', path: `${CMS}/x`, body: cm({}), status: 405 }, { name: 'PUT to a collection', method: 'PUT', path: CMS, body: cm({}), status: 405 }, { name: 'PATCH of a collection', method: 'PATCH', path: CMS, body: '{}', headers: { 'content-type': 'application/merge-patch+json' }, status: 405 }, { name: 'POST across namespaces', method: 'POST', path: '/api/v1/pods', body: container({}), status: [404, 405] }, { name: 'an odd method', method: 'PROPFIND', path: CMS, status: 405 }, { name: 'DELETE of nothing', method: 'DELETE', path: `${CMS}/none`, status: 404 }, { name: 'DELETE of default', method: 'DELETE', path: '/api/v1/namespaces/default', status: 403 },
  { name: 'DELETE with broken options', method: 'DELETE', path: `${CMS}/kube-root-ca.crt`, body: '{"gracePeriodSeconds":"soon"}', status: 400 }, { name: 'DELETE with an unknown policy', method: 'DELETE', path: `${CMS}/kube-root-ca.crt`, body: { propagationPolicy: 'Sideways' }, status: 422 }, { name: 'DELETE with another uid', method: 'DELETE', path: `${CMS}/kube-root-ca.crt`, body: { preconditions: { uid: 'x' } }, status: 409 },
  { name: 'PUT under another name', method: 'PUT', path: `${CMS}/kube-root-ca.crt`, body: cm({}, meta('other')), status: 400, says: /does not match the name on the URL/ }, { name: 'PUT of a missing config map', method: 'PUT', path: `${CMS}/none`, body: cm({}, meta('none')), status: 404 }, { name: 'POST into a missing namespace', path: '/api/v1/namespaces/nope/configmaps', body: cm({}), status: 404, says: /namespaces \\"nope\\" not found/ }, { name: 'a name that exists', path: CMS, body: cm({}, meta('kube-root-ca.crt')), status: 409, says: /already exists/ },
  { name: 'scale to -1', method: 'PATCH', path: `${DEPLOYS}/none/scale`, body: { spec: { replicas: -1 } }, headers: { 'content-type': 'application/merge-patch+json' }, status: 404 }, { name: 'binding of nothing', path: `${PODS}/none/binding`, body: { apiVersion: 'v1', kind: 'Binding', metadata: meta('none'), target: { name: 'n' } }, status: 404 }, { name: 'eviction of nothing', path: `${PODS}/none/eviction`, body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: meta('none') }, status: 404 }, { name: 'token for nobody', path: `${NS}/serviceaccounts/none/token`, body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }, status: 404 },
];

const cases = [...wrongValues, ...wrongTypes, ...raw, ...patches, ...addresses];

/** An error answer as every client expects it. */
function checkStatus(a: Answer, k: Case): void {
  const want = [k.status].flat();
  expect(want, `${k.name}: ${a.status} ${a.body.slice(0, 300)}`).toContain(a.status);
  const status = JSON.parse(a.body) as { kind: string; apiVersion: string; status: string; code: number; message: string };
  if (status.kind !== 'Status') { expect(Object.keys(status), k.name).toEqual(['paths']); return; }
  expect(status).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: a.status });
  expect(status.message.length).toBeGreaterThan(0);
  if (k.says) expect(a.body).toMatch(k.says);
}

describe('bad input', () => {
  it('there are at least 200 cases, each with a name of its own', () => {
    expect(cases.length).toBeGreaterThanOrEqual(200);
    expect(new Set(cases.map(k => `${k.method ?? 'POST'} ${k.path} ${k.name}`)).size).toBe(cases.length);
  });

  it.each(cases)('$name', async k => {
    const body = k.body === undefined || typeof k.body === 'string' || Buffer.isBuffer(k.body) ? k.body : JSON.stringify(k.body);
    const started = Date.now();
    checkStatus(await send(c, k.method ?? 'POST', k.path, { ...(body === undefined ? {} : { body }), ...(k.headers ? { headers: k.headers } : {}) }), k);
    // A request for the future waits some seconds by contract; nothing else takes long.
    if (k.status !== 504) expect(Date.now() - started).toBeLessThan(3000);
  });

  it('refuses strangers: no credentials, a wrong token', async () => {
    expect([401, 403]).toContain((await send(c, 'GET', '/api/v1/pods', { anonymous: true })).status);
    expect((await send(c, 'GET', '/api/v1/pods', { anonymous: true, headers: { authorization: 'Bearer nonsense' } })).status).toBe(401);
    expect((await send(c, 'GET', '/version', { anonymous: true })).status).toBe(200);
  });

  it('survives bytes that are no HTTP, headers without end and half requests', async () => {
    const { hostname, port } = new URL(c.server);
    for (const bytes of ['\0\0\0\0', 'GET\r\n\r\n', `GET / HTTP/1.1\r\n${'x: y\r\n'.repeat(20_000)}`, 'POST /api/v1/pods HTTP/1.1\r\nhost: x\r\ncontent-length: 99999\r\n\r\nhalf', 'POST /api HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
      await new Promise<void>((resolve, reject) => {
        const s = connect({ host: hostname, port: Number(port), ca: c.ca, cert: c.cert, key: c.key }, () => { s.write(bytes); setTimeout(() => s.destroy(), 200); });
        s.on('close', () => resolve());
        s.on('error', e => { if ((e as NodeJS.ErrnoException).code === 'ECONNREFUSED') reject(e); });
      });
    }
    expect((await send(c, 'GET', '/readyz')).body).toBe('ok');
  });

  it('is the same process as at the start, with nothing uncaught on its conscience', async () => {
    expect(host.child.exitCode).toBeNull();
    expect(host.stderr()).not.toMatch(/unhandled rejection|uncaught exception/);
    expect((await send(c, 'GET', `${NS}/configmaps/kube-root-ca.crt`)).status).toBe(200);
  });
});
