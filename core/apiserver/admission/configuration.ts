// The file of kube-apiserver's --admission-control-config-file (apiserver.config.k8s.io/v1 AdmissionConfiguration): what plug-ins are told.
import { parse } from 'yaml';
import type { LimitedResource } from './quota/limited.ts';
import { ADMISSION_ORDER } from './plugins.ts';

/** What is configured, plug-in by plug-in. */
export interface AdmissionConfiguration { readonly limitedResources: readonly LimitedResource[] }

interface Doc { apiVersion?: string; kind?: string }
interface Entry { name?: string; path?: string; configuration?: unknown }

const QUOTA_KINDS: readonly string[] = ['apiserver.config.k8s.io/v1 ResourceQuotaConfiguration', 'resourcequota.admission.k8s.io/v1beta1 Configuration', 'resourcequota.admission.k8s.io/v1alpha1 Configuration'];
const named = (d: Doc | null | undefined): string => `${d?.apiVersion ?? ''} ${d?.kind ?? ''}`.trim();
const isObject = (v: unknown): v is object => typeof v === 'object' && v !== null && !Array.isArray(v);

function limitedResources(config: unknown, at: string, wrong: string[]): readonly LimitedResource[] {
  if (!isObject(config) || !QUOTA_KINDS.includes(named(config))) { wrong.push(`${at}: expected ${QUOTA_KINDS[0]!}, got ${named(config as Doc) || 'none'}`); return []; }
  const list = (config as { limitedResources?: unknown }).limitedResources ?? [];
  if (!Array.isArray(list)) { wrong.push(`${at}.limitedResources: expected a list`); return []; }
  list.forEach((l: LimitedResource | null, i) => { if (!l?.resource) wrong.push(`${at}.limitedResources[${i}].resource: Required value`); });
  return list as readonly LimitedResource[];
}

/** Reads such a file, YAML or JSON; `read` gives the text of another file one names. Throws Error with all that is wrong with it. */
export function parseAdmissionConfiguration(text: string, read: (path: string) => string): AdmissionConfiguration {
  const doc = parse(text) as Doc & { plugins?: readonly Entry[] } | null, wrong: string[] = [], limited: LimitedResource[] = [];
  if (!isObject(doc)) throw new Error('it is no object');
  if (doc.kind !== 'AdmissionConfiguration' || !['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1', 'apiserver.k8s.io/v1alpha1'].includes(doc.apiVersion ?? '')) wrong.push(`expected apiserver.config.k8s.io/v1 AdmissionConfiguration, got ${named(doc) || 'none'}`);
  const plugins = doc.plugins ?? [];
  if (!Array.isArray(plugins)) throw new Error([...wrong, 'plugins: expected a list'].join('; '));
  (plugins as readonly (Entry | null)[]).forEach((p, i) => {
    const at = `plugins[${i}]`;
    if (!p?.name || !ADMISSION_ORDER.includes(p.name)) { wrong.push(`${at}.name: ${JSON.stringify(p?.name ?? '')} is no admission plug-in`); return; }
    if (p.name !== 'ResourceQuota') { wrong.push(`${at}: ${p.name} takes no configuration here`); return; }
    if (p.configuration === undefined && !p.path) return;
    try {
      limited.push(...limitedResources(p.configuration ?? parse(read(p.path!)), p.configuration === undefined ? p.path! : `${at}.configuration`, wrong));
    } catch (e) { wrong.push(`${at}.path: ${e instanceof Error ? e.message : String(e)}`); }
  });
  if (wrong.length) throw new Error(wrong.join('; '));
  return { limitedResources: limited };
}
