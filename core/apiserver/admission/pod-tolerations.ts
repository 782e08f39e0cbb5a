// DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or cannot be reached (contract 12.3).
import type { Pod, Toleration } from '../../api/types/kubernetes.ts';
import type { AdmissionPlugin } from './chain.ts';

const SECONDS = 300;
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  mutate(a) {
    const { spec } = a.resource;
    if (spec.group !== '' || spec.plural !== 'pods' || a.subresource !== '' || (a.operation !== 'CREATE' && a.operation !== 'UPDATE')) return;
    const s = (a.object as Pod).spec;
    if (!s) return;
    const have = s.tolerations ?? [];
    const covered = (key: string): boolean => have.some(t => (!t.key || t.key === key) && (!t.effect || t.effect === 'NoExecute'));
    const add: Toleration[] = KEYS.filter(k => !covered(k)).map(key => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS }));
    if (add.length > 0) s.tolerations = [...have, ...add];
  },
};
