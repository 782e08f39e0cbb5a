// A state: its shape, its word, and the reason in quiet text. The shape repeats what the colour says.
import type { Health } from '../../core/api/kinds/kind.ts';
import './kit.css';

export type Level = Health['level'];

export const StatusShape = ({ level }: { level: Level }) => <span className={`shape shape-${level}`} aria-hidden="true" />;

export function StatusPill({ level, word, reason }: { level: Level; word: string; reason?: string }) {
  return (
    <span className={`status status-${level}`} title={reason ? `${word} · ${reason}` : word}>
      <StatusShape level={level} />
      <span className="status-word">{word}</span>
      {reason ? <span className="status-reason">{reason}</span> : null}
    </span>
  );
}
