import { describe, expect, it } from 'vitest';
import { ApiError } from '../../api/meta/status.ts';
import { decodeBody, targetOf, validateAgainstSchema, type DecodeTarget, type FieldValidation } from './body.ts';

const deployment = targetOf('apps', 'v1', 'Deployment'), configMap = targetOf('', 'v1', 'ConfigMap'), pod = targetOf('', 'v1', 'Pod');
const custom: DecodeTarget = { group: 'example.com', version: 'v1', kind: 'Thing', schema: 'com.example.v1.Thing' };

function decode(text: string, kind: DecodeTarget | undefined = deployment, validation: FieldValidation = 'Strict', type?: string) {
  return decodeBody(Buffer.from(text), type, kind, validation);
}
function refusal(text: string, kind: DecodeTarget | undefined = deployment, validation: FieldValidation = 'Strict', type?: string): string {
  try { decode(text, kind, validation, type); } catch (e) { if (e instanceof ApiError) return `${e.code} ${e.message}`; throw e; }
  throw new Error('was accepted');
}
const cannot = (why: string): string => `400 Deployment in version "v1" cannot be handled as a Deployment: ${why}`;

describe('types', () => {
  it.each([
    ['{"spec":{"replicas":"three"}}', 'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32'],
    ['{"spec":{"replicas":1.5}}', 'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32'],
    ['{"spec":{"replicas":1.0}}', 'json: cannot unmarshal number 1.0 into Go struct field DeploymentSpec.spec.replicas of type int32'],
    ['{"spec":{"replicas":3000000000}}', 'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32'],
    ['{"metadata":{"labels":{"a":1}}}', 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string'],
    ['{"spec":{"template":{"spec":{"containers":[{"name":3}]}}}}', 'json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.name of type string'],
    ['{"spec":{"template":{"spec":{"containers":{}}}}}', 'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container'],
    ['{"spec":[]}', 'json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec'],
    ['{"spec":{"strategy":{"rollingUpdate":{"maxSurge":true}}}}', 'json: cannot unmarshal bool into Go value of type int32'],
    ['{"metadata":{"creationTimestamp":"yesterday"}}', 'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'],
    ['{"metadata":{"creationTimestamp":"2026-13-01T00:00:00Z"}}', 'parsing time "2026-13-01T00:00:00Z": month out of range'],
    ['{"spec":{"template":{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"lots"}}}]}}}}', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ])('%s', (text, why) => expect(refusal(text)).toBe(cannot(why)));

  it('refuses base64 that is none', () => expect(refusal('{"binaryData":{"a":"@@"}}', configMap)).toContain('illegal base64 data at input byte 0'));
});

describe('what is not an object of the kind', () => {
  const unrecognized = (why: string): string => `400 the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse error: ${why}`;
  it.each([
    ['{a}', "invalid character 'a' looking for beginning of object key string ({a})"],
    ['', 'unexpected end of JSON input (<empty>)'],
    ['{"a":1', 'unexpected end of JSON input ({"a":1)'],
    ['{"a":1}}', "invalid character '}' after top-level value ({\"a\":1}})"],
    ['{"a":tru}', "invalid character '}' in literal true (expecting 'e') ({\"a\":tru})"],
    ['{"a":01}', "invalid character '1' after object key:value pair ({\"a\":01})"],
    ['{"kind":3}', 'json: cannot unmarshal number into Go struct field .kind of type string ({"kind":3})'],
  ])('%s', (text, why) => expect(refusal(text)).toBe(unrecognized(why)));

  it('names the other kind', () => {
    expect(refusal('{"kind":"Secret","apiVersion":"v1"}', configMap)).toBe('400 Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion');
    expect(refusal('{"kind":"Foo","apiVersion":"v1"}', configMap)).toContain('no kind "Foo" is registered for version "v1" in scheme');
    expect(refusal('{"kind":"HorizontalPodAutoscaler","apiVersion":"autoscaling/v1"}', targetOf('autoscaling', 'v2', 'HorizontalPodAutoscaler')))
      .toBe('400 the API version in the data (autoscaling/v1) does not match the expected API version (autoscaling/v2)');
  });
  it('knows which media types it reads', () => {
    expect(refusal('x', deployment, 'Strict', 'application/x-www-form-urlencoded')).toMatch(/^415 .*application\/json, application\/yaml, application\/vnd.kubernetes.protobuf$/);
    expect(refusal('x', custom, 'Strict', 'application/vnd.kubernetes.protobuf')).toMatch(/^415 .*application\/json, application\/yaml$/);
    expect(refusal('x', deployment, 'Strict', 'application/cbor')).toMatch(/^415/);
  });
  it('has a limit', () => expect(refusal(`{"data":{"a":"${'x'.repeat(3 << 20)}"}}`, configMap)).toBe('413 Request entity too large: limit is 3145728'));
  it('does not follow nesting without end', () => expect(refusal(`{"x":${'['.repeat(5000)}${']'.repeat(5000)}}`, custom)).toContain('exceeded max depth'));
});

describe('field validation', () => {
  const text = '{"spec":{"foo":1,"replicas":2,"replicas":3,"template":{"metadata":{"labels":{"a":"b","a":"c"}},"spec":{"containers":[{"name":"x","bar":true}]}}}}';
  it('Strict refuses all at once', () => expect(refusal(text)).toBe(cannot(
    'strict decoding error: unknown field "spec.foo", duplicate field "spec.replicas", duplicate field "spec.template.metadata.labels.a", unknown field "spec.template.spec.containers[0].bar"')));
  it('Warn drops and tells', () => {
    const { object, warnings } = decode(text, deployment, 'Warn');
    expect(warnings).toHaveLength(4);
    expect(object.spec).toEqual({ replicas: 3, template: { metadata: { labels: { a: 'c' } }, spec: { containers: [{ name: 'x' }] } } });
  });
  it('Ignore drops in silence', () => expect(decode(text, deployment, 'Ignore')).toMatchObject({ warnings: [], object: { spec: { replicas: 3 } } }));
  it('passes over what is below an unknown field, and finds duplicates in free-form objects', () => {
    expect(refusal('{"x":{"a":1,"a":2}}')).toContain('strict decoding error: unknown field "x"');
    expect(refusal('{"spec":{"a":1,"a":2}}', custom)).toContain('duplicate field "spec.a"');
  });
});

describe('what the decoder tidies', () => {
  it('fills kind and apiVersion', () => expect(decode('{"metadata":{"name":"a"}}').object).toEqual({ kind: 'Deployment', apiVersion: 'apps/v1', metadata: { name: 'a' } }));
  it('drops nulls, and what Go leaves out when empty', () => {
    const { object } = decode('{"metadata":{"creationTimestamp":null,"labels":{},"name":""},"spec":{"replicas":0,"paused":false,"minReadySeconds":0,"template":{"metadata":{"creationTimestamp":null},"spec":{"containers":[{"name":"","args":[],"resources":{}}],"volumes":[{"name":"v","emptyDir":{}}],"nodeSelector":{},"tolerations":null,"terminationGracePeriodSeconds":0,"hostNetwork":false,"automountServiceAccountToken":false}}}}');
    expect(object).toEqual({
      kind: 'Deployment', apiVersion: 'apps/v1', metadata: {},
      spec: { replicas: 0, template: { metadata: {}, spec: { containers: [{ name: '', resources: {} }], volumes: [{ name: 'v', emptyDir: {} }], terminationGracePeriodSeconds: 0, automountServiceAccountToken: false } } },
    });
  });
  it('0.10 spells quantities and times canonically', () => {
    const { object } = decode('{"metadata":{"creationTimestamp":"2026-01-01T01:30:00.9+02:00"},"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":0.5,"memory":"1024Mi"},"requests":{"cpu":"1000m","memory":2}}}]}}', pod);
    expect(object.metadata?.creationTimestamp).toBe('2025-12-31T23:30:00Z');
    expect(object.spec).toEqual({ containers: [{ name: 'a', resources: { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '1', memory: '2' } } }] });
  });
  it('0.10 keeps six digits of a MicroTime (trap 27)', () => {
    const lease = targetOf('coordination.k8s.io', 'v1', 'Lease');
    expect(decode('{"spec":{"renewTime":"2026-01-01T00:00:00.123456Z"}}', lease).object.spec).toEqual({ renewTime: '2026-01-01T00:00:00.123456Z' });
  });
  it('8.3 keeps integers beyond 2^53, typed and free-form (trap 21)', () => {
    for (const [kind, text] of [[pod, '{"spec":{"terminationGracePeriodSeconds":9223372036854775807,"containers":[]}}'], [custom, '{"spec":{"a":[9223372036854775807,-9007199254740993]}}']] as const) {
      expect(JSON.stringify(decode(text, kind).object)).toContain(text.slice(1, -1));
    }
    expect(refusal('{"spec":{"terminationGracePeriodSeconds":9223372036854775808}}', pod)).toContain('cannot unmarshal number 9223372036854775808');
  });
  it('takes __proto__ for a name like any other', () => {
    const { object } = decode('{"metadata":{"labels":{"__proto__":"x"}}}');
    expect(JSON.stringify(object)).toContain('"labels":{"__proto__":"x"}');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('YAML', () => {
  const yaml = (text: string, kind = configMap, v: FieldValidation = 'Strict') => decode(text, kind, v, 'application/yaml');
  it('reads version 1.1 scalars as kubectl does', () => {
    const { object } = yaml('spec:\n  on: on\n  z: y\n  octal: 0777\n  octal2: 0o777\n  grouped: 1_000\n  date: 2001-01-01\n  clock: 1:30\n  base: &b {a: 1}\n  merged: {<<: *b, c: 2}\n  big: 9223372036854775807\n', custom);
    expect(JSON.parse(JSON.stringify(object.spec))).toEqual({ true: true, z: true, octal: 511, octal2: 511, grouped: 1000, date: '2001-01-01', clock: '1:30', base: { a: 1 }, merged: { a: 1, c: 2 }, big: Number(9223372036854775807n) });
  });
  it('tells duplicate keys and bad syntax', () => {
    expect(refusal('data:\n  a: x\n  a: z\n', configMap, 'Strict', 'application/yaml')).toContain('strict decoding error: yaml: unmarshal errors:\n  line 3: key "a" already set in map');
    expect(refusal('a: [1', configMap, 'Strict', 'application/yaml')).toMatch(/^400 the object provided is unrecognized \(must be of type ConfigMap\): yaml: line \d/);
  });
  it('does not expand aliases without end', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.split('').map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`).join('\n')}\n`;
    expect(refusal(bomb, custom, 'Warn', 'application/yaml')).toMatch(/^400 .*alias/i);
  });
});

describe('after a patch', () => {
  it('answers 422 of the patch', () => {
    expect(() => validateAgainstSchema({ spec: { replicas: 'x' } }, deployment, 'Warn', '{}')).toThrow(' "" is invalid: patch: Invalid value: "{}": json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32');
    expect(() => validateAgainstSchema({ spec: { foo: 1 } }, deployment, 'Strict', '{}')).toThrow('strict decoding error: unknown field "spec.foo"');
  });
  it('drops what the schema does not know', () => {
    const { object, warnings } = validateAgainstSchema({ kind: 'Deployment', foo: 1, spec: { bar: 1, replicas: 1 } }, deployment, 'Warn');
    expect(warnings).toEqual(['unknown field "foo"', 'unknown field "spec.bar"']);
    expect(object).toEqual({ kind: 'Deployment', spec: { replicas: 1 } });
  });
});
