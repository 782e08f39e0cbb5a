// What is legal in a pod's spec and almost surely not meant: Warning headers.
import type { PodSpec } from '../../types/kubernetes.ts';

/** Warnings for a pod (`spec`) or a template (`spec.template.spec`). */
export function specWarnings(spec: PodSpec | undefined, path: string): string[] {
  const out: string[] = [];
  if (!spec) return out;
  for (const list of ['initContainers', 'containers'] as const) {
    spec[list]?.forEach((c, i) => {
      const at = `${path}.${list}[${i}]`;
      const seen = new Set<string>();
      c.env?.forEach((e, j) => {
        if (seen.has(e.name)) out.push(`${at}.env[${j}]: hides previous definition of "${e.name}", which may be dropped when using apply`);
        seen.add(e.name);
      });
      for (const which of ['limits', 'requests'] as const) {
        const memory = c.resources?.[which]?.memory;
        // `memory: 100m` is a tenth of a byte: `M` was meant.
        if (memory?.endsWith('m')) out.push(`${at}.resources.${which}[memory]: fractional byte value "${memory}" is invalid, must be an integer`);
      }
      const ports = new Set<string>();
      c.ports?.forEach((p, j) => {
        const key = `${p.containerPort}/${p.protocol ?? 'TCP'}`;
        if (ports.has(key)) out.push(`${at}.ports[${j}]: duplicate port definition with ${path}.${list}[${i}].ports[${[...ports].indexOf(key)}]`);
        ports.add(key);
      });
    });
  }
  spec.imagePullSecrets?.forEach((s, i) => { if (!s.name) out.push(`${path}.imagePullSecrets[${i}].name: invalid empty name ""`); });
  const nodes = spec.nodeSelector ?? {};
  for (const old of ['beta.kubernetes.io/arch', 'beta.kubernetes.io/os']) {
    if (old in nodes) out.push(`${path}.nodeSelector[${old}]: deprecated since v1.14; use "${old.replace('beta.', '')}" instead`);
  }
  return out;
}
