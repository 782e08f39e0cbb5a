// Custom resources with the oldest and the newest real kubectl of this machine.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestApi } from '../harness/api-server.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';

let api: TestApi;
beforeAll(async () => { api = await TestApi.start(); });
afterAll(async () => { await api.stop(); });

const crd = (plural: string, kind: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${plural}.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: ${kind}, plural: ${plural}, shortNames: [${plural.slice(0, 4)}]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: Color, type: string, jsonPath: .spec.color, priority: 1}
    schema:
      openAPIV3Schema:
        type: object
        description: A thing with a size.
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, description: How large it is.}
              color: {type: string, default: red}
              replicas: {type: integer}
          status: {type: object, properties: {replicas: {type: integer}}}
`;
const all = kubectls();
describe.each(all.filter((_, i) => i === 0 || i === all.length - 1))('kubectl 1.$minor', ({ binary, minor }) => {
  const plural = `widgets${minor}`, kind = `Widget${minor}`;
  const thing = (spec: string, name = 'a'): string => `apiVersion: example.com/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

  test('14.1, 14.3, 14.4, 14.5, 14.13, 16 create, wait, use at once, look, change, explain, delete', async () => {
    const k = new Kube(binary, api.kubeconfig);
    expect(await k.run('create -f -', crd(plural, kind))).toBe(`customresourcedefinition.apiextensions.k8s.io/${plural}.example.com created`);
    expect(await k.run(`wait --for=condition=established crd/${plural}.example.com --timeout=10s`)).toBe(`customresourcedefinition.apiextensions.k8s.io/${plural}.example.com condition met`);
    const shown = (await k.run(`get crd ${plural}.example.com`)).split('\n');
    expect(shown[0]).toMatch(/^NAME +CREATED AT$/);
    expect(shown[1]).toMatch(/^widgets\d+\.example\.com +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(await k.run('create -f -', thing('{size: 3}'))).toBe(`${kind.toLowerCase()}.example.com/a created`);
    expect(await k.run(`get ${plural.slice(0, 4)} a`)).toMatch(/^NAME +SIZE\na +3$/);
    expect(await k.run(`get ${plural} -o wide`)).toMatch(/^NAME +SIZE +COLOR\na +3 +red$/);
    expect(await k.fails('create -f -', thing('{size: x}', 'b'))).toContain(`The ${kind} "b" is invalid: spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"`);
    expect(await k.fails('create -f -', thing('{size: 1, nope: 1}', 'b'))).toContain(minor >= 27 ? 'unknown field "spec.nope"' : '');
    expect(await k.run('apply -f -', thing('{size: 4}', 'c'))).toContain('created');
    expect(await k.run('apply -f -', thing('{size: 5}', 'c'))).toContain('configured');
    expect(await k.run(['patch', plural, 'a', '--type=merge', '-p', '{"spec":{"color":"blue"}}'])).toContain('patched');
    expect(await k.run(['patch', plural, 'a', '--type=json', '-p', '[{"op":"replace","path":"/spec/size","value":9}]'])).toContain('patched');
    expect(await k.fails(['patch', plural, 'a', '--type=strategic', '-p', '{"spec":{"color":"blue"}}'])).toContain('application/json-patch+json, application/merge-patch+json');
    expect(await k.run(`scale ${plural}/a --replicas=2`)).toContain('scaled');
    expect(await k.run(`get ${plural} a -o jsonpath={.spec.size}/{.spec.color}/{.spec.replicas}/{.metadata.generation}`)).toBe('9/blue/2/4');
    expect(await k.run(`label ${plural} a x=y`)).toContain('labeled');
    expect(await k.run(`get ${plural} -l x=y -o name`)).toBe(`${kind.toLowerCase()}.example.com/a`);
    const explained = await k.run(`explain ${plural}.spec.size`);
    expect(explained).toContain('How large it is.');
    expect(await k.run('api-resources --api-group=example.com -o wide')).toContain('delete,deletecollection,get,list,patch,create,update,watch');
    expect(await k.run(`delete ${plural} a`)).toContain('deleted');
    expect(await k.run(`delete crd ${plural}.example.com`)).toContain('deleted');
    expect(await k.fails(`get ${plural}`)).toMatch(/the server doesn't have a resource type|could not find the requested resource/);
  });
});
