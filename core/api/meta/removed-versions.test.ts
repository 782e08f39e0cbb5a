import { describe, expect, it } from 'vitest';
import { kindOf } from '../kinds/index.ts';
import type { KubeObject } from './object.ts';
import { removedVersion, upgrade } from './removed-versions.ts';

const of = (o: object): KubeObject => o as KubeObject;

describe('removed versions', () => {
  it('a deployment of 2017 gets the selector it used to be given, and loses what went', () => {
    const old = of({ apiVersion: 'extensions/v1beta1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2, rollbackTo: { revision: 1 }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } } } });
    const before = JSON.stringify(old);
    expect(upgrade(old)).toEqual({
      object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } } } },
      notes: ['selectorFromLabels', 'revisionHistory'],
    });
    expect(JSON.stringify(old)).toBe(before);
  });

  it('what was replaced only on delete goes on so', () => {
    const made = upgrade(of({ apiVersion: 'apps/v1beta1', kind: 'StatefulSet', spec: { selector: { matchLabels: { a: 'b' } }, template: {} } }))!;
    expect(made.object).toMatchObject({ apiVersion: 'apps/v1', spec: { updateStrategy: { type: 'OnDelete' } } });
    expect(made.notes).toEqual(['updateStrategy']);
    expect(upgrade(of({ apiVersion: 'apps/v1beta2', kind: 'StatefulSet', spec: { selector: {}, template: {} } }))!.notes).toEqual([]);
  });

  it('an ingress: backends by service, ports by number or name, a path type', () => {
    const made = upgrade(of({ apiVersion: 'networking.k8s.io/v1beta1', kind: 'Ingress', spec: { backend: { serviceName: 'd', servicePort: 'http' }, rules: [{ host: 'a', http: { paths: [{ path: '/', backend: { serviceName: 's', servicePort: 80 } }, { path: '/x', pathType: 'Exact', backend: { serviceName: 's', servicePort: '8080' } }] } }] } }))!;
    expect(made).toEqual({
      object: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', spec: { defaultBackend: { service: { name: 'd', port: { name: 'http' } } }, rules: [{ host: 'a', http: { paths: [{ path: '/', pathType: 'ImplementationSpecific', backend: { service: { name: 's', port: { number: 80 } } } }, { path: '/x', pathType: 'Exact', backend: { service: { name: 's', port: { number: 8080 } } } }] } }] } },
      notes: ['pathType'],
    });
  });

  it('a definition: schema, columns and subresources move into each version, unknown fields stay', () => {
    const made = upgrade(of({ apiVersion: 'apiextensions.k8s.io/v1beta1', kind: 'CustomResourceDefinition', spec: {
      group: 'g', version: 'v1', scope: 'Namespaced', names: { plural: 'as', kind: 'A' }, subresources: { status: {} }, additionalPrinterColumns: [{ name: 'X', type: 'string', JSONPath: '.spec.x' }],
      validation: { openAPIV3Schema: { properties: { spec: { type: 'object' } } } }, conversion: { strategy: 'Webhook', webhookClientConfig: { url: 'https://x' } },
    } }))!;
    expect(made).toEqual({
      object: { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', spec: {
        group: 'g', scope: 'Namespaced', names: { plural: 'as', kind: 'A' }, conversion: { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1beta1'] } },
        versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, additionalPrinterColumns: [{ name: 'X', type: 'string', jsonPath: '.spec.x' }],
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } }, 'x-kubernetes-preserve-unknown-fields': true } } }],
      } },
      notes: ['schemaOpen', 'conversionReview'],
    });
  });

  it('the metrics of an autoscaler', () => {
    const made = upgrade(of({ apiVersion: 'autoscaling/v2beta1', kind: 'HorizontalPodAutoscaler', spec: { metrics: [
      { type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } },
      { type: 'Pods', pods: { metricName: 'hits', targetAverageValue: '10' } },
      { type: 'Object', object: { target: { kind: 'Service', name: 's' }, metricName: 'q', targetValue: '3' } },
      { type: 'External', external: { metricName: 'e', metricSelector: { matchLabels: { a: 'b' } }, targetValue: '1' } },
    ] } }))!;
    expect((made.object as unknown as { spec: { metrics: unknown[] } }).spec.metrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      { type: 'Pods', pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '10' } } },
      { type: 'Object', object: { describedObject: { kind: 'Service', name: 's' }, metric: { name: 'q' }, target: { type: 'Value', value: '3' } } },
      { type: 'External', external: { metric: { name: 'e', selector: { matchLabels: { a: 'b' } } }, target: { type: 'Value', value: '1' } } },
    ]);
  });

  it.each<[string, string, object, object, string[]]>([
    ['policy/v1beta1', 'PodDisruptionBudget', { spec: { minAvailable: 1, selector: {} } }, { apiVersion: 'policy/v1', spec: { minAvailable: 1, selector: {} } }, ['emptySelector']],
    ['batch/v1beta1', 'CronJob', { spec: { schedule: '* * * * *' } }, { apiVersion: 'batch/v1' }, []],
    ['admissionregistration.k8s.io/v1beta1', 'ValidatingWebhookConfiguration', { webhooks: [{ name: 'a' }] }, { webhooks: [{ name: 'a', failurePolicy: 'Ignore', matchPolicy: 'Exact', timeoutSeconds: 30, admissionReviewVersions: ['v1beta1'] }] }, ['sideEffects']],
    ['discovery.k8s.io/v1beta1', 'EndpointSlice', { endpoints: [{ addresses: ['1.2.3.4'], topology: { 'kubernetes.io/hostname': 'n', 'topology.kubernetes.io/zone': 'z', more: 'm' } }] }, { endpoints: [{ addresses: ['1.2.3.4'], nodeName: 'n', zone: 'z', deprecatedTopology: { more: 'm' } }] }, []],
    ['node.k8s.io/v1alpha1', 'RuntimeClass', { spec: { runtimeHandler: 'gvisor' } }, { apiVersion: 'node.k8s.io/v1', handler: 'gvisor' }, []],
    ['flowcontrol.apiserver.k8s.io/v1beta2', 'PriorityLevelConfiguration', { spec: { limited: { assuredConcurrencyShares: 5 } } }, { spec: { limited: { nominalConcurrencyShares: 5 } } }, []],
    ['certificates.k8s.io/v1beta1', 'CertificateSigningRequest', { spec: { request: 'x' } }, { apiVersion: 'certificates.k8s.io/v1' }, ['signerName']],
  ])('%s %s', (apiVersion, kind, given, wanted, notes) => {
    const made = upgrade(of({ apiVersion, kind, ...given }))!;
    expect(made.object).toMatchObject(wanted);
    expect(made.notes).toEqual(notes);
  });

  it('what has no successor is told, what is served or unknown is left alone', () => {
    expect(removedVersion('policy/v1beta1', 'PodSecurityPolicy')).toEqual({ since: 25, to: undefined, rewrite: undefined });
    expect(upgrade(of({ apiVersion: 'policy/v1beta1', kind: 'PodSecurityPolicy' }))).toBeUndefined();
    for (const [v, k] of [['apps/v1', 'Deployment'], ['v1', 'Pod'], ['example.com/v1beta1', 'Deployment']] as const) expect(removedVersion(v, k)).toBeUndefined();
  });

  it('a manifest that cannot be right does not break it', () => {
    for (const spec of [undefined, null, 3, 'x', [], { template: null }, { rules: [null, { http: 1 }] }, { metrics: 'x' }, { versions: [1] }])
      for (const [v, k] of [['extensions/v1beta1', 'Deployment'], ['extensions/v1beta1', 'Ingress'], ['autoscaling/v2beta1', 'HorizontalPodAutoscaler'], ['apiextensions.k8s.io/v1beta1', 'CustomResourceDefinition']] as const)
        expect(upgrade(of({ apiVersion: v, kind: k, spec }))!.object.kind).toBe(k);
  });

  it('every successor that is built in is served', () => {
    for (const [v, k] of [['extensions/v1beta1', 'Deployment'], ['extensions/v1beta1', 'Ingress'], ['batch/v1beta1', 'CronJob'], ['policy/v1beta1', 'PodDisruptionBudget'], ['autoscaling/v2beta2', 'HorizontalPodAutoscaler']] as const)
      expect(kindOf(removedVersion(v, k)!.to!, k)).toBeDefined();
  });
});
