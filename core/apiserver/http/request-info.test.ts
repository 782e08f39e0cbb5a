import { describe, expect, it } from 'vitest';
import { flag, parseQuery, resourceRequest } from './request-info.ts';

const of = (path: string) => {
  const r = resourceRequest(path);
  return r && [r.group, r.version, r.namespace, r.plural, r.name, r.subresource, r.rest].join('|');
};

describe('resourceRequest', () => {
  it.each([
    ['/api/v1/pods', '|v1||pods|||'],
    ['/api/v1/pods/', '|v1||pods|||'],
    ['/api/v1/namespaces/a', '|v1||namespaces|a||'],
    ['/api/v1/namespaces/a/finalize', '|v1||namespaces|a|finalize|'],
    ['/api/v1/namespaces/a/pods', '|v1|a|pods|||'],
    ['/api/v1/namespaces/a/pods/x/log', '|v1|a|pods|x|log|'],
    ['/apis/apps/v1/namespaces/a/deployments/x/scale', 'apps|v1|a|deployments|x|scale|'],
    ['/api/v1/namespaces/a/services/http:x:80/proxy/b/c', '|v1|a|services|http:x:80|proxy|/b/c'],
    ['/api/v1/namespaces/a/pods/x/nonsense/deeper', '|v1|a|pods|x|nonsense/deeper|/deeper'],
    ['/api/v1/nodes/n/proxy/', '|v1||nodes|n|proxy|/'],
    ['/api/v1/watch/namespaces/a/pods', '|v1|a|pods|||'],
  ])('%s', (path, expected) => { expect(of(path)).toBe(expected); });

  it.each(['/api', '/api/', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/apis/apps/v1/', '/healthz', '/'])('%s is no resource', path => {
    expect(resourceRequest(path)).toBeUndefined();
  });

  it('refuses escapes that would leave their segment', () => {
    expect(() => resourceRequest('/api/v1/namespaces/a/pods/..%2f..%2fsecrets')).toThrow(/invalid path segment/);
    expect(() => resourceRequest('/api/v1/namespaces/a/pods/%zz')).toThrow(/invalid URL escape/);
  });
});

describe('flag', () => {
  it('knows false by name only', () => {
    expect([flag(parseQuery('watch=1'), 'watch'), flag(parseQuery('watch'), 'watch'), flag(parseQuery('watch=False'), 'watch'), flag(parseQuery(''), 'watch')]).toEqual([true, true, false, false]);
  });
});
