// Asks before a deed that cannot be taken back; the button says the deed, the list says what goes.
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useAction } from '../gateway/hooks.ts';
import { KubectlCommand } from './KubectlCommand.tsx';
import './kit.css';

interface Props {
  title: string;
  children?: ReactNode;
  /** The deed: "Delete 3 pods". */
  deed: string;
  danger?: boolean;
  kubectl?: string;
  /** Must be typed before the deed is offered. */
  typed?: string;
  disabled?: boolean;
  /** The dialog has a field of its own that takes the focus. */
  field?: boolean;
  onConfirm(): Promise<void>;
  onClose(): void;
}

export function ConfirmDialog({ title, children, deed, danger, kubectl, typed, disabled, field, onConfirm, onClose }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const { run, busy, error } = useAction(async () => { await onConfirm(); onClose(); });
  const ready = !busy && !disabled && (typed === undefined || text === typed);
  return (
    <Dialog open onClose={busy ? undefined : onClose} transitionDuration={80} aria-labelledby="confirm-title">
      <form onSubmit={e => { e.preventDefault(); if (ready) void run(); }}>
        <DialogTitle id="confirm-title">{title}</DialogTitle>
        <DialogContent>
          {children}
          {typed !== undefined ? <label className="field"><span>{t('confirm.type', { word: typed })}</span><input className="input mono" value={text} onChange={e => setText(e.target.value)} autoComplete="off" /></label> : null}
          {kubectl ? <KubectlCommand command={kubectl} /> : null}
          {error ? <p className="inline-error" role="alert">{error.message}</p> : null}
        </DialogContent>
        <DialogActions>
          <Button variant="text" onClick={onClose} disabled={busy}>{t('confirm.cancel')}</Button>
          <Button variant="contained" color={danger ? 'error' : 'primary'} type="submit" disabled={!ready} autoFocus={typed === undefined && !field}>{deed}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
