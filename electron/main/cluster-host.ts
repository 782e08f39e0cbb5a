// The cluster host's process as main sees it: started once, told to start and stop the cluster, handed windows' ports.
import { dialog, MessageChannelMain, utilityProcess, type UtilityProcess, type WebContents } from 'electron';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FromHost, ToHost } from '../contract/host-messages.ts';

export type HostState = { phase: 'starting' | 'running' | 'stopping' | 'stopped'; text: string } | { phase: 'failed'; text: string };

export class ClusterHost {
  readonly #script: string;
  readonly #args: string[];
  readonly #onState: (s: HostState) => void;
  #process: UtilityProcess | undefined;
  state: HostState = { phase: 'stopped', text: '' };

  /** `args` as for `pilothouse up`; `onState` drives tray and menu. */
  constructor(script: string, args: string[], onState: (s: HostState) => void) { this.#script = script; this.#args = args; this.#onState = onState; }

  start(): void {
    if (this.state.phase === 'starting' || this.state.phase === 'running') return;
    this.#set({ phase: 'starting', text: '' });
    this.#process ??= this.#fork();
    this.#tell({ t: 'start', args: this.#args });
  }

  /** Resolves when the cluster has stopped, or after 5 s: what hangs must not keep the app from quitting. */
  async stop(): Promise<void> {
    if (!this.#process || this.state.phase === 'stopped') return;
    this.#set({ phase: 'stopping', text: '' });
    const process = this.#process;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, 5000);
      const done = (m: FromHost): void => { if (m.t === 'stopped' || m.t === 'failed') { clearTimeout(timer); process.off('message', done); resolve(); } };
      process.on('message', done);
      this.#tell({ t: 'stop' });
    });
    this.#set({ phase: 'stopped', text: '' });
  }

  /** Gives a window its own connection to the host. */
  connect(window: WebContents): void {
    const { port1, port2 } = new MessageChannelMain();
    this.#process ??= this.#fork();
    this.#process.postMessage({ t: 'window' } satisfies ToHost, [port1]);
    window.postMessage('port', null, [port2]);
  }

  kill(): void { this.#process?.kill(); }

  #fork(): UtilityProcess {
    const child = utilityProcess.fork(this.#script, [], { serviceName: 'Pilothouse cluster', stdio: 'inherit' });
    child.on('message', (m: FromHost) => { void this.#heard(m); });
    child.on('exit', code => {
      this.#process = undefined;
      if (this.state.phase !== 'stopped') this.#set({ phase: 'failed', text: `The cluster's process ended (${code}).` });
    });
    return child;
  }

  async #heard(m: FromHost): Promise<void> {
    switch (m.t) {
      case 'progress': if (this.state.phase === 'starting') this.#set({ phase: 'starting', text: m.text }); break;
      case 'ready': this.#set({ phase: 'running', text: m.server }); break;
      case 'failed': this.#set({ phase: 'failed', text: m.message }); break;
      case 'ask': {
        try { this.#tell({ t: 'answer', id: m.id, result: await openFiles(m.extensions) }); } catch (e) { this.#tell({ t: 'answer', id: m.id, error: e instanceof Error ? e.message : String(e) }); }
        break;
      }
      case 'stopped': break;
    }
  }

  #tell(m: ToHost): void { this.#process?.postMessage(m); }
  #set(s: HostState): void { this.state = s; this.#onState(s); }
}

/** The system's own dialog; null when dismissed. */
async function openFiles(extensions: string[]): Promise<{ name: string; text: string }[] | null> {
  const { canceled, filePaths } = await dialog.showOpenDialog({ properties: ['openFile', 'multiSelections'], filters: extensions.length ? [{ name: extensions.join(', '), extensions }] : [] });
  return canceled ? null : Promise.all(filePaths.map(async p => ({ name: basename(p), text: await readFile(p, 'utf8') })));
}
