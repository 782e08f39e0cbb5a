// Calls from the window that no API server answers: files, settings, examples. A host offers what it can and lists the names in
// `welcome.calls`; a window hides what is not offered.

import type { ResourceType } from '../../core/api/meta/object.ts';
import type { Forward } from './frames.ts';

/** An application shipped with the product. */
export interface Example { name: string; title: string; description: string; workloads: number; namespace: string }
/** What to forward: a pod, or something that selects pods; `port` is the service's or the pods'. Without `localPort` a free one is taken. */
export interface ForwardRequest { cluster: string; namespace: string; resource: ResourceType; name: string; port: number; localPort?: number }
/** A file the user picked or dropped. */
export interface PickedFile { name: string; text: string }

/** Name -> arguments and result. Failures come as `failure` frames with a WireError. */
export interface AppCalls {
  'settings.set': { args: { key: string; value: unknown }; result: null };
  'examples.list': { args: undefined; result: Example[] };
  /** Applies every manifest of the example; answers with one line per object, as kubectl apply prints them. */
  'examples.start': { args: { cluster: string; name: string }; result: { lines: string[]; namespace: string } };
  /** The YAML of an example, to read before starting it. */
  'examples.manifest': { args: { name: string }; result: { text: string } };
  /** Native dialog; `null` when dismissed. */
  'dialog.openFiles': { args: { extensions: string[] }; result: PickedFile[] | null };
  /** Adds a kubeconfig: a path (desktop) or its text (browser). Answers with the contexts found. */
  'kubeconfig.add': { args: { path?: string; text?: string; name?: string }; result: { contexts: string[] } };
  /** Answers when 127.0.0.1 listens; the list of all comes as `forwards` frames. */
  'forwards.open': { args: ForwardRequest; result: Forward };
  'forwards.stop': { args: { id: string }; result: null };
  'clusters.remove': { args: { id: string }; result: null };
}
export type AppCall = keyof AppCalls;
