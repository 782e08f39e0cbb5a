import { describe, expect, it } from 'vitest';

import english from '../resources/locales/en.json' with { type: 'json' };
import { literalText } from './literal-text.ts';

const catalogue: Record<string, unknown> = english;
const has = (key: string): boolean => {
  let at: unknown = catalogue;
  const parts = key.split('.');
  for (const [i, part] of parts.entries()) {
    if (typeof at !== 'object' || at === null) return false;
    const level = at as Record<string, unknown>;
    if (i === parts.length - 1) return typeof level[part] === 'string' || typeof level[`${part}_other`] === 'string';
    at = level[part];
  }
  return false;
};
/** Kubernetes' own words and code, the same in every language, and what answers programs instead of people. */
const NOT_TEXT = new Set(['Running', 'Completed', 'Error', 'Waiting', 'Namespace', 'ClientIP', 'TCP', 'TLS', 'configmap/', 'secret/', 'kubectl apply -f', '&nbsp;', 'Cancelled', 'no matches for kind "', '" in version "']);
/** Manifests and protocol answers: code. */
const CODE = /features\/yaml\/templates\.ts$|literal-text\.ts$/;
const sources = Object.entries<string>(import.meta.glob(['./**/*.ts', './**/*.tsx', '!./**/*.test.ts', '!./dev/**'], { query: '?raw', import: 'default', eager: true }));

describe('catalogue', () => {
  it('has every text the sources ask for', () => {
    const missing: string[] = [];
    for (const [file, source] of sources) for (const m of source.matchAll(/\bt\('([A-Za-z][\w.-]*)'/g)) if (!has(m[1]!)) missing.push(`${file}: ${m[1]}`);
    expect(missing).toEqual([]);
  });
  it('has a word for every action', () => {
    const missing = sources.flatMap(([, source]) => [...source.matchAll(/^\s*id: '(\w+)', icon: '\w+',/gm)].map(m => m[1]!)).filter(id => !has(`actions.${id}`));
    expect(missing).toEqual([]);
  });
  it('is the only place of text that people read', () => {
    const literal = sources.filter(([file]) => !CODE.test(file)).flatMap(([file, source]) => literalText(source, file.endsWith('x') ? 'tsx' : 'ts').filter(l => !NOT_TEXT.has(l.replace(/^\d+: /, ''))).map(l => `${file}:${l}`));
    expect(literal).toEqual([]);
  });
});

describe('literalText', () => {
  const of = (source: string): string[] => literalText(source, 'tsx');
  it('finds what stands between tags, in attributes, in notices and in what an expression comes out as', () => {
    expect(of('const a = <p>Hello</p>;')).toEqual(['1: Hello']);
    expect(of("const a = <p>{many ? 'some pods' : t('pods.one')}</p>;")).toEqual(['1: some pods']);
    expect(of("const a = <button aria-label=\"Close it\" title={`Delete ${n} pods`} />;")).toEqual(['1: Close it', '1: Delete', '1: pods']);
    expect(of("notify({ level: 'bad', text: `${name} failed` });")).toEqual(['1: failed']);
  });
  it('leaves what comes from the catalogue, names of keys, code, classes and signs', () => {
    expect(of("const a = <p className=\"quiet text\" title={t('a.b')}>{t('a.b')} · <kbd>Enter</kbd> <code>kubectl get</code> – {n}</p>;")).toEqual([]);
  });
});
