// The contract of a controller: it names itself, says on `start` what makes it look at a key, and hands back the one function that
// brings the object under that key nearer to what is wished. The loop around it is written once, in loop.ts.
import type { ResourceType } from '../api/meta/object.ts';
import type { Clock } from '../base/clock.ts';
import type { Figures } from '../base/figures.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { InformerFactory } from '../client/informer.ts';
import type { EventRecorder } from '../client/recorder.ts';
import type { VolumeDirectories } from './volume-provisioner/directories.ts';

/** What differs between clusters. Times in milliseconds. */
export interface ControllerConfig {
  /** PEM published in every namespace as `kube-root-ca.crt`; without it that controller does nothing. */
  readonly rootCa?: string;
  /** Signs a certificate request (PEM) for usages and seconds, at `now` in ms; answers PEM. Without it no request is signed. */
  readonly signCertificate?: (request: string, usages: readonly string[], seconds: number, now: number) => Promise<string>;
  /** A token without end for an account, kept in the named secret. Without it such secrets stay as they are. */
  readonly signSecretToken?: (namespace: string, account: { name: string; uid: string }, secret: string) => Promise<string>;
  /** Where volumes of our own class are kept. Without it none is made and none removed. */
  readonly volumes?: VolumeDirectories;
  /** How often node heartbeats are judged. */
  readonly nodeMonitorPeriod: number;
  /** A node silent for longer is Unknown. */
  readonly nodeMonitorGracePeriod: number;
  /** A node that never reported is given this long. */
  readonly nodeStartupGracePeriod: number;
  /** Nodes per second and zone that pods are sent off, while a zone is well or gone as a whole. */
  readonly nodeEvictionRate: number;
  /** The same while much of a zone of more than `largeZone` nodes is down; of a smaller zone none then. */
  readonly secondaryNodeEvictionRate: number;
  readonly largeZone: number;
  /** The share of a zone's nodes, of three at least, that makes much of it. */
  readonly unhealthyZoneThreshold: number;
  /** Finished pods beyond this number are deleted, oldest first. */
  readonly terminatedPodThreshold: number;
  readonly podGcPeriod: number;
  /** How long a pod's node must be missing before the pod is given up. */
  readonly podGcQuarantine: number;
  /** A token in a secret that was neither made nor used for so long is marked invalid, and after as long again deleted. */
  readonly legacyTokenCleanUpPeriod: number;
  /** Between two looks at an autoscaler. */
  readonly hpaSyncPeriod: number;
  /** Without a window of its own, an autoscaler goes down to the highest recommendation of so long. */
  readonly hpaDownscaleStabilization: number;
  /** A ratio this close to 1 changes nothing; 0.1 is 10 %. */
  readonly hpaTolerance: number;
  /** After its start, the cpu figures of a pod count only while it is ready. */
  readonly hpaCpuInitializationPeriod: number;
  /** A pod not ready since before so long after its start has never been ready. */
  readonly hpaInitialReadinessDelay: number;
  /** What namespaces are emptied of and what the garbage collector follows; asked at each use, so custom resources may join. */
  readonly resources: () => readonly ResourceType[];
}

export interface ControllerContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  /** Writes events in the name of this controller's component. */
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: ControllerConfig;
  /** Where it counts what it does, under Kubernetes' names. */
  readonly figures: Figures;
}

/** Where a controller's event handlers put keys; a key waiting twice is reconciled once. */
export interface Keys {
  add(key: string): void;
  /** After `ms`; the earliest of several waits wins. */
  addAfter(key: string, ms: number): void;
}

/** `requeueAfter`: look again in so many ms though nothing changed. */
export interface Outcome { readonly requeueAfter?: number }

/** Handles one key; a rejection is logged and tried again with exponential back-off. Must be safe to repeat. */
export type Reconcile = (key: string) => Promise<Outcome | void>;

export interface Controller {
  /** As in `--controllers` of kube-controller-manager: `deployment-controller`. */
  readonly name: string;
  /** The short name older releases knew, accepted in `--controllers` as well: `deployment`. */
  readonly alias: string;
  /** The name of its queue in metrics; the alias where nothing else is said. */
  readonly queue?: string;
  /** `source.component` of its events; the name where nothing else is said. */
  readonly component?: string;
  /** The service account of kube-system it writes as, by upstream's name; the controller's own name where nothing else is said. null: it writes as the manager of them all. */
  readonly account?: string | null;
  /** How many keys may be in work at once; 5 where nothing else is said. */
  readonly workers?: number;
  /** Registers event handlers; the caches are filled before the first reconcile. */
  start(ctx: ControllerContext, keys: Keys): Reconcile;
}
