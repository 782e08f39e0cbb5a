import Tooltip from '@mui/material/Tooltip';
import type { MouseEvent } from 'react';
import { Icon, type IconName } from './Icon.tsx';
import './kit.css';

interface Props { icon: IconName; label: string; keys?: string; onClick(e: MouseEvent): void; pressed?: boolean; disabled?: boolean; danger?: boolean; size?: number; tabIndex?: number;
  /** The browser's own hint instead of a drawn one: for buttons that come and go with every row. */
  plain?: boolean }

/** A square button whose label shows on hover, with the key that does the same. */
export function IconButton({ icon, label, keys, onClick, pressed, disabled, danger, size, tabIndex, plain }: Props) {
  const button = (hint?: string) => (
    <button type="button" className={`icon-button${danger ? ' danger' : ''}`} aria-label={label} aria-pressed={pressed} disabled={disabled} tabIndex={tabIndex} title={hint} onClick={onClick}>
      <Icon name={icon} size={size} />
    </button>
  );
  if (plain) return button(keys ? `${label} (${keys})` : label);
  return (
    <Tooltip title={<span>{label}{keys ? <> <kbd>{keys}</kbd></> : null}</span>}>
      <span className="icon-button-hold">
        {button()}
      </span>
    </Tooltip>
  );
}
