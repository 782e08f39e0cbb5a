// One container's log as frames: read as fast as the window acknowledges, decoded across chunk borders.
import type { ToHost, ToWindow } from '../contract/frames.ts';
import { resourcePath } from '../../core/api/meta/object.ts';
import { Credit } from './flow.ts';
import type { Upstream } from './seam.ts';
import { wireErrorOf } from './wire-error.ts';

type LogsFrame = Extract<ToHost, { t: 'logs' }>;
const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true } as const;
/** Characters in one `data` frame at most. */
const PIECE = 64 * 1024;

export interface Stream {
  ack(chars: number): void;
  input?(data: string): void;
  eof?(): void;
  resize?(cols: number, rows: number): void;
  close(): void;
}

/** Starts reading; ends with one `end` frame unless closed before. */
export function openLogs(frame: LogsFrame, upstream: () => Promise<Upstream>, send: (f: ToWindow) => void): Stream {
  const stop = new AbortController();
  const credit = new Credit();
  const query = {
    container: frame.container, follow: frame.follow ? 'true' : undefined, previous: frame.previous ? 'true' : undefined,
    timestamps: frame.timestamps ? 'true' : undefined, tailLines: frame.tailLines?.toString(), sinceSeconds: frame.sinceSeconds?.toString(),
    sinceTime: frame.sinceTime, limitBytes: frame.limitBytes?.toString(),
  };
  const run = async (): Promise<void> => {
    const decoder = new TextDecoder();
    const give = async (text: string): Promise<void> => {
      for (let i = 0; i < text.length; i += PIECE) {
        await credit.available(stop.signal);
        if (stop.signal.aborted) return;
        const data = text.slice(i, i + PIECE);
        credit.spend(data.length);
        send({ t: 'data', id: frame.id, stream: 'stdout', data });
      }
    };
    try {
      const link = await upstream();
      for await (const chunk of link.stream(resourcePath(PODS, frame.namespace, frame.pod, 'log'), query, stop.signal)) {
        await give(decoder.decode(chunk, { stream: true }));
        if (stop.signal.aborted) return;
      }
      await give(decoder.decode());
      if (!stop.signal.aborted) send({ t: 'end', id: frame.id });
    } catch (error) {
      if (!stop.signal.aborted) send({ t: 'end', id: frame.id, error: wireErrorOf(error) });
    }
  };
  void run();
  return { ack: chars => credit.earn(chars), close: () => stop.abort() };
}
