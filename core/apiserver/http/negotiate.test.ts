import { describe, expect, it } from 'vitest';
import { negotiate } from './negotiate.ts';
import { parseQuery } from './request-info.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const get = { list: false, watch: false }, list = { list: true, watch: false }, watch = { list: false, watch: true };
const of = (accept: string | undefined, mode = get, query = '', agent = 'kubectl/v1') => negotiate(accept, agent, parseQuery(query), mode);

describe('negotiate', () => {
  it('takes the first clause it can serve, by q, then order', () => {
    expect(of('application/vnd.kubernetes.protobuf,application/json')).toEqual({ format: 'json', as: 'object', pretty: false });
    expect(of(`${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`).as).toBe('Table');
    expect(of('application/json;q=0.1, application/yaml;q=0.9').format).toBe('yaml');
    expect(of('application/json;as=Nonsense;v=v1;g=meta.k8s.io,application/json').as).toBe('object');
  });
  it('knows lists from objects', () => {
    expect(of('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', list).as).toBe('PartialObjectMetadataList');
    expect(() => of('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io')).toThrow(/only the following/);
  });
  it('refuses what it cannot serve', () => {
    expect(of('application/vnd.kubernetes.protobuf')).toMatchObject({ format: 'protobuf', as: 'object' });
    expect(of('application/vnd.kubernetes.protobuf,application/json')).toMatchObject({ format: 'json' });
    expect(of('application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', list)).toMatchObject({ format: 'protobuf', as: 'PartialObjectMetadataList' });
    expect(() => of('application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io')).toThrow('only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf');
    expect(() => of('application/yaml', watch)).toThrow(/only the following/);
    expect(() => of('application/json;as=Table;v=v9;g=meta.k8s.io')).toThrow(/only the following/);
  });
  it('indents for people', () => {
    expect(of('*/*', get, '', 'curl/8.1').pretty).toBe(true);
    expect(of('*/*', get, 'pretty=false', 'curl/8.1').pretty).toBe(false);
    expect(of(undefined, get, 'pretty=true').pretty).toBe(true);
  });
});
