// W19.6: an autoscaler raises and lowers replicas with the load of its pods.
import { eventually, expect, type Story } from './story.ts';

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: {name: load}
spec:
  selector: {matchLabels: {app: load}}
  template:
    metadata: {labels: {app: load}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: load
        image: alpine
        imagePullPolicy: IfNotPresent
        command: [sh, -c, 'while :; do if [ -e /busy ]; then i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; else sleep 0.2; fi; done']
        resources: {requests: {cpu: 50m}, limits: {cpu: 150m}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: load}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: load}
  minReplicas: 1
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
  behavior: {scaleDown: {stabilizationWindowSeconds: 0, policies: [{type: Pods, value: 5, periodSeconds: 15}]}}
`;

export const w19hpa: Story = {
  id: 'W19-6', title: 'HPA on CPU raises and lowers replicas between min and max', runtimes: ['sandbox'], pods: 3, waits: true,
  async play(s) {
    const { k } = s;
    await s.apply(WEB);
    const [first] = await s.podsReady(1);
    await k.run(`exec ${first} -- touch /busy`);
    await eventually('figures of the pod', async () => /\s\d+m\s/.test((await k.try(['top', 'pod', first!])).stdout));
    await s.field('deployment load', '{.spec.replicas}', '3', 60_000);
    expect((await s.rows('get hpa'))[0]).toMatch(/^load\s+Deployment\/load\s+cpu: \d+%\/50%\s+1\s+3\s/);
    expect(await s.events('SuccessfulRescale')).toContain('New size: 3; reason: cpu resource utilization (percentage of request) above target');
    await k.run(`exec ${first} -- rm /busy`);
    await s.field('deployment load', '{.spec.replicas}', '1', 120_000);
    expect(await k.run('describe hpa load')).toMatch(/New size: 1; reason: All metrics below target/);
    await s.podsReady(1);
  },
};
