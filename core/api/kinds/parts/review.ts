import type { KubeObject } from '../../meta/object.ts';
import { defineKind, type KindSpec } from '../kind.ts';

/** A kind that is a question: it is created, answered in its status, and never stored. */
export function defineReview<T extends KubeObject>(group: 'authentication.k8s.io' | 'authorization.k8s.io', kind: string, namespaced = false): KindSpec<T> {
  return defineKind<T>({
    group, version: 'v1', kind, plural: `${kind.toLowerCase()}s`, namespaced, schema: `io.k8s.api.${group.slice(0, group.indexOf('.'))}.v1.${kind}`,
    verbs: ['create'], validate: () => [], columns: [], view: { nav: 'Access', icon: 'key', sections: [], actions: [] },
  });
}
