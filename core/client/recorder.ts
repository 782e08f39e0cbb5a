// Events, as Kubernetes' recorder writes them: repeated ones are counted on one object, floods are dropped (25 burst, 1 per 5 min per object).
import type { KubeObject } from '../api/meta/object.ts';

export interface EventRecorder {
  /** `regarding` needs apiVersion, kind and metadata. `fieldPath` e.g. `spec.containers{web}`. Never throws, never blocks. */
  event(regarding: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): void;
}
