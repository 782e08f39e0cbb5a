import { describe, expect, it } from 'vitest';
import type { Unstructured } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import { decodeBody, targetOf } from './body.ts';
import { encodeProtobuf } from './protobuf-encode.ts';
import { decodeProtobuf } from './protobuf.ts';
import { definition, definitionNames, type Shape } from './schemas.ts';

// What kubectl 1.33 sent: create deployment web --image=nginx:1.27 --replicas=0 --port=80; create pdb p --min-available=0
// --selector=a=b; create secret generic s --from-literal=a=b; create token default --duration=1h.
const DEPLOYMENT = 'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50Er0BCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEosBCAASDAoKCgNhcHASA3dlYhpxChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViElESMwoFbmdpbngSCm5naW54OjEuMjcqADIKCgAQABhQIgAqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==';
const BUDGET = 'azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSMwoRCgFwEgAaACIAKgAyADgAQgASEgoGCAAQABoAEggKBgoBYRIBYhoKCAAYACAAKAAwABoAIgA=';
const SECRET = 'azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA=';
const TOKEN = 'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIdChAKABIAGgAiACoAMgA4AEIAEgMgkBwaBAoAEgAaACIA';
const TYPE = 'application/vnd.kubernetes.protobuf';
const decode = (text: string, group: string, version: string, kind: string): object => decodeBody(Buffer.from(text, 'base64'), TYPE, targetOf(group, version, kind), 'Strict').object;

describe('bodies kubectl sent', () => {
  it('deployment: an explicit zero of replicas stays, empty fields go', () => expect(decode(DEPLOYMENT, 'apps', 'v1', 'Deployment')).toEqual({
    kind: 'Deployment', apiVersion: 'apps/v1', metadata: { name: 'web', labels: { app: 'web' } },
    spec: {
      replicas: 0, selector: { matchLabels: { app: 'web' } }, strategy: {},
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'nginx', image: 'nginx:1.27', ports: [{ containerPort: 80 }], resources: {} }] } },
    },
    status: {},
  }));
  it('budget: an int-or-string zero stays', () => expect(decode(BUDGET, 'policy', 'v1', 'PodDisruptionBudget')).toMatchObject({ spec: { minAvailable: 0, selector: { matchLabels: { a: 'b' } } } }));
  it('secret: bytes become base64', () => expect(decode(SECRET, '', 'v1', 'Secret')).toEqual({ kind: 'Secret', apiVersion: 'v1', metadata: { name: 's' }, data: { a: 'Yg==' } }));
  it('token request', () => expect(decode(TOKEN, 'authentication.k8s.io', 'v1', 'TokenRequest')).toMatchObject({ spec: { expirationSeconds: 3600 } }));
});

describe('metadata alone', () => {
  const list = { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: '7', continue: 'c' }, items: [{ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a', labels: { x: 'y' }, creationTimestamp: '2026-01-01T00:00:00Z', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }] } }, { metadata: { name: 'b' } }] } as unknown as Unstructured;
  // Messages whose first field is the metadata as well.
  const read = (object: Unstructured, schema: string): Unstructured => decodeProtobuf(encodeProtobuf(object), { group: 'meta.k8s.io', version: 'v1', kind: object.kind!, schema: `io.k8s.api.core.v1.${schema}` });
  it('of a list', () => expect(read(list, 'ConfigMapList')).toEqual({ ...list, items: (list as unknown as { items: { metadata: object }[] }).items.map(i => ({ metadata: i.metadata })) }));
  it('of an object', () => expect(read({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a' } }, 'ConfigMap')).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } }));
});

describe('bodies that are wrong', () => {
  const refusal = (bytes: Buffer): string => {
    try { decodeBody(bytes, TYPE, targetOf('', 'v1', 'Secret'), 'Strict'); } catch (e) { if (e instanceof ApiError) return `${e.code} ${e.message}`; throw e; }
    return 'accepted';
  };
  it('need the prefix', () => expect(refusal(Buffer.from('hello'))).toContain('400 the object provided is unrecognized (must be of type Secret): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]'));
  it('must be of the kind', () => expect(refusal(Buffer.from(BUDGET, 'base64'))).toContain('400 PodDisruptionBudget in version "v1" cannot be handled as a Secret'));
  it('may be cut or spoiled anywhere: 400 or an object, never anything else', () => {
    const whole = Buffer.from(DEPLOYMENT, 'base64');
    for (let i = 0; i < whole.length; i++) {
      for (const bytes of [whole.subarray(0, i), Buffer.concat([whole.subarray(0, i), Buffer.from([whole[i]! ^ 0xff]), whole.subarray(i + 1)])]) {
        try { decodeBody(bytes, TYPE, targetOf('apps', 'v1', 'Deployment'), 'Strict'); } catch (e) { expect(e).toMatchObject({ code: 400 }); }
      }
    }
  });
});

/** An object with every field of the definition once; recursion stops at a definition's second sight. */
function sample(name: string, seen: readonly string[] = []): Record<string, unknown> {
  if (seen.includes(name)) return {};
  const value = (s: Shape, field: string): unknown => {
    switch (s.type) {
      case 'string': return `${field}-é`;
      case 'bool': return true;
      case 'int32': return -7;
      case 'int64': return 9007199254740991;
      case 'double': return 0.25;
      case 'bytes': return 'QUJD';
      case 'quantity': return '500m';
      case 'time': return '2026-01-02T03:04:05Z';
      case 'microtime': return '2026-01-02T03:04:05.000006Z';
      case 'intOrString': return field.length % 2 ? 80 : '50%';
      case 'object': case 'fields': return { a: [1, 'x', null] };
      // Some of these are unions of schemas, for which only an empty one is free-form.
      case 'any': return {};
      case 'list': return [value(s.of, field)];
      case 'map': return { k: value(s.of, field) };
      case 'struct': return sample(s.name, [...seen, name]);
    }
  };
  const out: Record<string, unknown> = {};
  for (const f of definition(name)!.fields.values()) {
    // Inside another object protobuf has no kind and apiVersion.
    if (seen.length && (f.name === 'kind' || f.name === 'apiVersion') && definition(name)!.fields.has('metadata')) continue;
    out[f.name] = value(f.shape, f.name);
  }
  return out;
}

it('every kind with an object of its own comes back as it went', () => {
  let count = 0;
  for (const name of definitionNames()) {
    const d = definition(name)!;
    if (!d.gvk || !d.fields.has('metadata') || !d.fields.has('kind')) continue;
    const object = sample(name);
    object.kind = d.gvk.kind;
    object.apiVersion = d.gvk.group ? `${d.gvk.group}/${d.gvk.version}` : d.gvk.version;
    if (name.endsWith('.Eviction')) delete object.deleteOptions;
    // Fields whose wire form changed after the release the JSON tables are of.
    const text = JSON.stringify(object, (k, v: unknown) => (k === 'nodeAllocatableResourceMappings' || k === 'nodeAllocatableResourceClaimStatuses' ? undefined : v));
    const back = decodeProtobuf(encodeProtobuf(JSON.parse(text) as Unstructured), undefined);
    expect(back, name).toEqual(JSON.parse(text));
    count++;
  }
  expect(count).toBeGreaterThan(100);
});
