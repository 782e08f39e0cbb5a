// What the policy says of requests, what is written down, and how the file is kept.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { Access } from '../authz/authorizer.ts';
import { askedBy, Auditor } from './audit.ts';
import { LogFile } from './log-file.ts';
import { judge, parsePolicy } from './policy.ts';

const policy = parsePolicy(`
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: [system:kube-proxy]
- level: RequestResponse
  verbs: [create]
  namespaces: [default]
  resources: [{ group: "", resources: [configmaps, "*/status"] }]
- level: None
  nonResourceURLs: [/healthz*]
- level: Metadata
`);
const jane = { name: 'jane', groups: ['devs'] };
const on = (resource: string, more: object = {}): Access => ({ user: jane, verb: 'create', resource: { group: '', version: 'v1', resource, subresource: '', namespace: 'default', name: '', ...more } });

test('the first rule that fits decides', () => {
  expect(judge(policy, on('configmaps'))?.level).toBe('RequestResponse');
  expect(judge(policy, on('pods', { subresource: 'status' }))?.level).toBe('RequestResponse');
  expect(judge(policy, on('pods'))?.level).toBe('Metadata');
  expect(judge(policy, on('configmaps', { namespace: 'other' }))?.level).toBe('Metadata');
  expect(judge(policy, { user: jane, verb: 'get', path: '/healthz/ping' })).toBeUndefined();
  expect(judge(policy, { ...on('pods'), user: { name: 'system:kube-proxy', groups: [] } })).toBeUndefined();
  expect(() => parsePolicy('apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Loud\n')).toThrow('rules[0].level: Unsupported value: "Loud"');
  expect(() => parsePolicy('kind: Policy\n')).toThrow('0 rules');
});

test('an event says who, what and how it ended', () => {
  const lines: string[] = [];
  const req = { url: '/api/v1/namespaces/default/configmaps', headers: { 'user-agent': 'kubectl', 'x-forwarded-for': '10.1.2.3, unknown' }, socket: { remoteAddress: '::ffff:127.0.0.1' } } as unknown as IncomingMessage;
  const r = new Auditor(policy, systemClock, l => lines.push(l)).open(on('configmaps'), 'an-id', () => askedBy(req))!;
  r.received();
  r.authorized({ authorize: () => ({ verdict: 'allow', reason: 'because' }) }, on('configmaps'));
  r.request(Buffer.from('{"metadata":{"name":"x"},"data":{"a":"b"}}'));
  r.response(() => Buffer.from('{"kind":"ConfigMap"}'));
  r.complete(201);
  expect(lines.map(l => JSON.parse(l) as object)).toMatchObject([{
    kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'RequestResponse', auditID: 'an-id', stage: 'ResponseComplete', verb: 'create', user: { username: 'jane', groups: ['devs'] }, sourceIPs: ['10.1.2.3', '127.0.0.1'], userAgent: 'kubectl',
    objectRef: { resource: 'configmaps', namespace: 'default', name: 'x', apiVersion: 'v1' }, responseStatus: { code: 201 }, requestObject: { data: { a: 'b' } }, responseObject: { kind: 'ConfigMap' },
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'because' },
  }]);
});

test('a full file is set aside, and old ones go', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pilothouse-audit-')), path = join(dir, 'audit.log');
  const file = new LogFile({ path, maxSize: 1, maxBackups: 1, maxAge: 0 }, systemClock, silentLog);
  const line = 'x'.repeat(600 * 1024);
  for (let i = 0; i < 4; i++) {
    file.write(`${i}${line}`);
    await expect.poll(() => { try { return readFileSync(path, 'utf8').startsWith(String(i)); } catch { return false; } }).toBe(true);
  }
  expect(readdirSync(dir)).toHaveLength(2);
  file.write('last');
  file.close();
  await expect.poll(() => readFileSync(path, 'utf8')).toContain('last');
  rmSync(dir, { recursive: true });
});
