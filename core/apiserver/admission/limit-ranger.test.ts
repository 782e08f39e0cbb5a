import { beforeEach, describe, expect, it } from 'vitest';
import { inProcess, podWith, refused, type InProcess } from '../../../test/harness/in-process.ts';

let api: InProcess;
const PODS = '/api/v1/namespaces/a/pods', CLAIMS = '/api/v1/namespaces/a/persistentvolumeclaims';
const range = (name: string, ...limits: object[]): Promise<unknown> => api.call('POST', '/api/v1/namespaces/a/limitranges', { metadata: { name }, spec: { limits } });
const why = async (pod: object): Promise<string> => (await refused(api.call('POST', PODS, pod))).message ?? '';
interface Spec { containers: { resources?: unknown }[]; initContainers?: { resources?: unknown }[] }
beforeEach(async () => { api = await inProcess(); });

describe('LimitRanger', () => {
  it('fills what containers leave open and says so', async () => {
    await range('l', { type: 'Container', default: { cpu: '200m', memory: '64Mi' }, defaultRequest: { cpu: '100m' } });
    const made = await api.call('POST', PODS, podWith('p', { requests: { cpu: '50m' } }, { initContainers: [{ name: 'i', image: 'i' }] }));
    const spec = made.spec as unknown as Spec;
    expect(spec.containers[0]!.resources).toEqual({ limits: { cpu: '200m', memory: '64Mi' }, requests: { cpu: '50m', memory: '64Mi' } });
    expect(spec.initContainers![0]!.resources).toEqual({ limits: { cpu: '200m', memory: '64Mi' }, requests: { cpu: '100m', memory: '64Mi' } });
    expect(made.metadata.annotations).toEqual({ 'kubernetes.io/limit-ranger': 'LimitRanger plugin set: memory request for container c; cpu, memory limit for container c; cpu, memory request for init container i; cpu, memory limit for init container i' });
  });

  it('"a LimitRange does not check the consistency of the default values it applies": a request above the default limit is refused; of two ranges all bounds hold; "validations occur only at Pod admission stage"', async () => {
    await api.call('POST', PODS, podWith('before', { limits: { cpu: '3' } }));
    await range('l', { type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '500m' }, max: { cpu: '1' } });
    await range('m', { type: 'Container', max: { memory: '1Gi' } });
    expect(await why(podWith('p', { requests: { cpu: '700m' }, limits: { memory: '1Gi' } }))).toBe('Pod "p" is invalid: spec.containers[0].resources.requests: Invalid value: "700m": must be less than or equal to cpu limit of 500m');
    await api.call('POST', PODS, podWith('q', { requests: { cpu: '700m' }, limits: { cpu: '700m', memory: '1Gi' } }));
    expect(await why(podWith('r', { limits: { memory: '2Gi' } }))).toBe('pods "r" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi');
    await api.call('PATCH', `${PODS}/before`, { metadata: { labels: { a: 'b' } } }, { contentType: 'application/merge-patch+json' });
  });

  it('bounds containers', async () => {
    await range('l', { type: 'Container', min: { cpu: '100m' }, max: { cpu: '1' }, default: { cpu: '500m' }, defaultRequest: { cpu: '200m' }, maxLimitRequestRatio: { cpu: '4' } });
    expect(await why(podWith('p', { requests: { cpu: '50m' }, limits: { cpu: '200m' } }))).toBe('pods "p" is forbidden: minimum cpu usage per Container is 100m, but request is 50m');
    expect(await why(podWith('p', { limits: { cpu: '2' }, requests: { cpu: '1' } }))).toBe('pods "p" is forbidden: maximum cpu usage per Container is 1, but limit is 2');
    expect(await why(podWith('p', { limits: { cpu: '1' }, requests: { cpu: '150m' } }))).toBe('pods "p" is forbidden: cpu max limit to request ratio per Container is 4, but provided ratio is 6.666667');
    expect(await why(podWith('p', { limits: { cpu: '2' }, requests: { cpu: '50m' } }))).toBe(
      'pods "p" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 1, but limit is 2, cpu max limit to request ratio per Container is 4, but provided ratio is 40.000000]');
    await api.call('POST', PODS, podWith('p'));
  });

  it('bounds pods as a whole', async () => {
    await range('l', { type: 'Pod', max: { memory: '100Mi' } });
    expect(await why(podWith('p'))).toBe('pods "p" is forbidden: maximum memory usage per Pod is 100Mi.  No limit is specified');
    const two = { containers: [{ name: 'a', image: 'i', resources: { limits: { memory: '60Mi' } } }, { name: 'b', image: 'i', resources: { limits: { memory: '60Mi' } } }] };
    expect(await why(podWith('p', undefined, two))).toBe('pods "p" is forbidden: maximum memory usage per Pod is 100Mi, but limit is 120Mi');
  });

  it('bounds claims, new and grown', async () => {
    await range('l', { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } });
    const claim = (storage: string): object => ({ metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } } });
    expect((await refused(api.call('POST', CLAIMS, claim('100Mi')))).message).toBe('persistentvolumeclaims "c" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 100Mi');
    expect((await refused(api.call('POST', CLAIMS, claim('3Gi')))).message).toBe('persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi');
    await api.call('POST', CLAIMS, claim('1Gi'));
  });

  it('watches resizes too, but not other updates', async () => {
    await api.call('POST', PODS, podWith('p', { requests: { cpu: '100m' } }));
    await range('l', { type: 'Container', min: { cpu: '200m' } });
    await api.call('PATCH', `${PODS}/p`, { metadata: { labels: { a: 'b' } } }, { contentType: 'application/merge-patch+json' });
    const resize = (cpu: string): Promise<unknown> => api.call('PATCH', `${PODS}/p/resize`, { spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] } }, { contentType: 'application/strategic-merge-patch+json' });
    expect((await refused(resize('150m'))).message).toContain('minimum cpu usage per Container is 200m, but request is 150m');
    await resize('300m');
  });
});
