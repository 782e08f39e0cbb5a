// The kubectl command that does the same, ready to copy.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from './Icon.tsx';
import './kit.css';

export function KubectlCommand({ command }: { command: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div className="kubectl">
      <code className="ellipsis" title={command}>{command}</code>
      <button type="button" className="link-button" onClick={() => void copy()} aria-label={t('kubectl.copy')}>
        <Icon name={copied ? 'check' : 'copy'} size={14} /> {copied ? t('kubectl.copied') : t('kubectl.copyShort')}
      </button>
    </div>
  );
}
