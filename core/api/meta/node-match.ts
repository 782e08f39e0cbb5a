// Node selector terms, in the sense of the API.
import type { Node, NodeSelectorRequirement, NodeSelectorTerm } from '../types/kubernetes.ts';

function holds(r: NodeSelectorRequirement, value: string | undefined): boolean {
  const values = r.values ?? [];
  switch (r.operator) {
    case 'In': return value !== undefined && values.includes(value);
    case 'NotIn': return value === undefined || !values.includes(value);
    case 'Exists': return value !== undefined;
    case 'DoesNotExist': return value === undefined;
    case 'Gt': case 'Lt': {
      if (value === undefined || !/^-?\d+$/.test(value) || !/^-?\d+$/.test(values[0] ?? '')) return false;
      return r.operator === 'Gt' ? BigInt(value) > BigInt(values[0]!) : BigInt(value) < BigInt(values[0]!);
    }
    default: return false;
  }
}

/** All requirements of a term hold; a term without any matches nothing. */
export function termMatchesNode(t: NodeSelectorTerm, node: Node): boolean {
  const expressions = t.matchExpressions ?? [];
  const fields = t.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  return expressions.every(r => holds(r, node.metadata?.labels?.[r.key]))
    && fields.every(r => holds(r, r.key === 'metadata.name' ? node.metadata?.name : undefined));
}
