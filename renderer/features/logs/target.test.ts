import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../core/api/kinds/index.ts';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import { commandWith, targetOfObjects } from './target.ts';

const object = (o: object): KubeObject => o as KubeObject;
const of = (apiVersion: string, kind: string, ...objects: object[]) => targetOfObjects('c', undefined, kindOf(apiVersion, kind)!, objects.map(object));

describe('whose logs', () => {
  it('knows the pods of everything that owns or selects some, and kubectl\'s words for them', () => {
    const named = (spec?: object) => ({ metadata: { namespace: 'n', name: 'x' }, spec });
    const labels = { matchLabels: { app: 'x' } };
    for (const [version, kind, word] of [['apps/v1', 'Deployment', 'deployment/x'], ['apps/v1', 'ReplicaSet', 'replicaset/x'], ['apps/v1', 'StatefulSet', 'statefulset/x'], ['apps/v1', 'DaemonSet', 'daemonset/x'], ['batch/v1', 'Job', 'job/x']] as const) {
      const target = of(version, kind, named({ selector: labels }));
      expect(target?.sets).toEqual([{ namespace: 'n', labelSelector: 'app=x' }]);
      expect(target?.command).toBe(`kubectl -n n logs -f --all-containers --all-pods --prefix ${word}`);
    }
    expect(of('v1', 'ReplicationController', named({ selector: { app: 'x' } }))?.sets).toEqual([{ namespace: 'n', labelSelector: 'app=x' }]);
    expect(of('v1', 'Service', named({ selector: { app: 'x' } }))?.command).toBe('kubectl -n n logs -f --all-containers --prefix -l app=x');
    expect(of('v1', 'Service', named({}))).toBeUndefined();
    expect(of('v1', 'Pod', named())?.command).toBe('kubectl -n n logs -f --all-containers x');
  });
  it('has a command for each of several', () => {
    const pod = (name: string) => ({ metadata: { namespace: 'n', name } });
    expect(of('v1', 'Pod', pod('a'), pod('b'))?.command).toBe('kubectl -n n logs -f --all-containers a & kubectl -n n logs -f --all-containers b');
  });
  it('says in the command what the toolbar asks for', () => {
    const command = 'kubectl -n logs logs -f --all-containers x';
    expect(commandWith(command, { tail: 500 })).toBe('kubectl -n logs logs -f --tail=500 --all-containers x');
    expect(commandWith(command, { since: '5m', timestamps: true })).toBe('kubectl -n logs logs -f --since=5m --timestamps --all-containers x');
    expect(commandWith(command, { previous: true })).toBe('kubectl -n logs logs --previous --all-containers x');
  });
});
