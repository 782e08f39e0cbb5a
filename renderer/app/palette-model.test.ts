import { describe, expect, it } from 'vitest';
import { fit, rank, splitReference, splitVerb, type Candidate } from './palette-model.ts';

const c = (title: string, also: string[] = [], group: Candidate['group'] = 'kind'): Candidate => ({ id: title, group, title, also, icon: 'box' });
const titles = (input: string, list: Candidate[]) => rank(input, list).map(r => r.candidate.title);

describe('palette', () => {
  const list = [c('Endpoints', ['ep']), c('Pods', ['po', 'pod']), c('Pod disruption budgets', ['pdb']), c('Deployments', ['deploy']), c('web-7d9', ['shop'], 'object')];
  it('puts the exact short name first', () => {
    expect(titles('po', list)[0]).toBe('Pods');
    expect(titles('pdb', list)[0]).toBe('Pod disruption budgets');
    expect(titles('ep', list)[0]).toBe('Endpoints');
  });
  it('needs every word and finds by namespace', () => {
    expect(titles('web shop', list)).toEqual(['web-7d9']);
    expect(titles('web zzz', list)).toEqual([]);
  });
  it('takes letters in order but not any letters', () => {
    expect(fit('dpl', 'Deployments').score).toBeGreaterThan(0);
    expect(fit('dts', 'a-d-very-t-long-e-name-s').score).toBe(0);
    expect(fit('xyz', 'Deployments').score).toBe(0);
  });
  it('tells where it matched', () => { expect(rank('ploy', list)[0]!.hits).toEqual([2, 3, 4, 5]); });
  it('reads verbs', () => {
    const verbs = ['restart', 'logs', 'delete'];
    expect(splitVerb('restart deploy/web', verbs)).toEqual({ verb: 'restart', rest: 'deploy/web' });
    expect(splitVerb('del web', verbs)).toEqual({ verb: 'delete', rest: 'web' });
    expect(splitVerb('logs', verbs)).toEqual({ verb: 'logs', rest: '' });
    expect(splitVerb('deploy web', verbs)).toBeUndefined();
    expect(splitVerb('re', verbs)).toBeUndefined();
    expect(splitReference('deploy/web')).toEqual({ kind: 'deploy', name: 'web' });
    expect(splitReference('web')).toEqual({ name: 'web' });
  });
});
