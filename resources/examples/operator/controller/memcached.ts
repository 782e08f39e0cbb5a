// The kind: what 10-crd.yaml says, in TypeScript.
import type { KubernetesObject, V1Condition } from '@kubernetes/client-node';

export const GROUP = 'cache.example.com', VERSION = 'v1alpha1', KIND = 'Memcached', PLURAL = 'memcacheds';

export interface Memcached extends KubernetesObject {
  spec: {
    /** How many servers run; 0 and up. */
    size: number;
    image?: string;
  };
  status?: MemcachedStatus;
}

export interface MemcachedStatus {
  /** Names of the servers' pods. */
  nodes: string[];
  replicas: number;
  readyReplicas: number;
  selector: string;
  observedGeneration?: number;
  conditions: V1Condition[];
}
