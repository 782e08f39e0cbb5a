// Server-side apply as kubectl does it: conflicts, force, and the way over from client-side apply (contract 7.8 to 7.11).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi } from '../harness/api-server.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';

let api: TestApi;
beforeAll(async () => { api = await TestApi.start(); });
afterAll(() => api.stop());

const map = (name: string, data: Record<string, string>): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const found = kubectls();

describe.each([...new Set([found[0]!, found.at(-1)!])])('kubectl 1.$minor', ({ binary, minor }) => {
  const name = (s: string): string => `${s}-${minor}`;
  let k: Kube;
  beforeAll(() => { k = new Kube(binary, api.kubeconfig); });
  const apply = (args: string, text: string): ReturnType<Kube['try']> => k.try(`apply --server-side -f - ${args}`.trim().split(' '), text);

  it('applies, meets an owner, and takes over', async () => {
    const at = name('ssa');
    expect((await apply('', map(at, { a: '1', b: '1' }))).stdout).toBe(`configmap/${at} serverside-applied\n`);
    const refused = await apply('--field-manager=other', map(at, { a: '2' }));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('error: Apply failed with 1 conflict: conflict with "kubectl": .data.a\nPlease review the fields above--they currently have other managers.');
    expect((await apply('--field-manager=other --force-conflicts', map(at, { a: '2' }))).code).toBe(0);
    expect(await k.run(['get', 'cm', at, '-o', 'jsonpath={.data}'])).toBe('{"a":"2","b":"1"}');
    expect(await k.run(['get', 'cm', at, '-o', 'yaml'])).not.toContain('managedFields');
    expect(await k.run(['get', 'cm', at, '-o', 'yaml', '--show-managed-fields'])).toMatch(/managedFields:\n {2}- apiVersion: v1\n {4}fieldsType: FieldsV1\n {4}fieldsV1:\n {6}f:data:\n {8}f:b: \{\}\n {4}manager: kubectl\n {4}operation: Apply/);
    expect((await apply('--dry-run=server', map(at, { b: '3' }))).stdout).toContain('(server dry run)');
  });

  it('comes over from client-side apply', async () => {
    const at = name('csa');
    await k.try(['apply', '-f', '-'], map(at, { a: '1', b: '1' }));
    const over = await apply('', map(at, { a: '2' }));
    expect(over.stderr).toBe('');
    expect(over.code).toBe(0);
    // What the client-side configuration had and the new one has not is gone, and its manager too.
    expect(await k.run(['get', 'cm', at, '-o', 'jsonpath={.data}'])).toBe('{"a":"2"}');
    const owners = await k.run(['get', 'cm', at, '-o', 'jsonpath={.metadata.managedFields[*].manager}', '--show-managed-fields']);
    expect(owners.split(' ').sort()).toEqual(['kubectl', 'kubectl-last-applied']);
    expect(await k.run(['get', 'cm', at, '-o', 'jsonpath={.metadata.annotations}'])).toContain('"data\\":{\\"a\\":\\"2\\"}');
  });
});
