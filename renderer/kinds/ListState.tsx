// What a list says when it has no row to show.
import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import type { Freshness } from '../../electron/contract/frames.ts';
import { kubectl } from '../app/kubectl.ts';
import { useApp } from '../app/context.ts';
import { KubectlCommand } from '../kit/KubectlCommand.tsx';
import { Loading, StateMessage } from '../kit/states.tsx';
import { pluralTitle } from './navigation.ts';

interface Props { kind: KindSpec; freshness: Freshness; complete: boolean; filtered: boolean; namespaces: readonly string[]; retry(): void; onClear(): void }

export function ListState({ kind, freshness, complete, filtered, namespaces, retry, onClear }: Props) {
  const { t } = useTranslation();
  const app = useApp();
  const title = pluralTitle(kind);
  const lower = title.toLowerCase();
  const resource = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
  if (filtered) return <StateMessage icon="filter" title={t('states.filtered.title', { kinds: lower })} text={t('states.filtered.text')}><Button variant="outlined" onClick={onClear}>{t('states.filtered.clear')}</Button></StateMessage>;
  if (freshness.state === 'forbidden') return (
    <StateMessage icon="secret" level="warning" title={t(freshness.code === 401 ? 'states.unauthorized.title' : 'states.forbidden.title', { kinds: lower })} detail={freshness.reason}
      text={t(freshness.code === 401 ? 'states.unauthorized.text' : 'states.forbidden.text', { resource })}>
      <Button variant="outlined" onClick={retry}>{t('states.tryAgain')}</Button>
    </StateMessage>
  );
  if (freshness.state === 'failed') return <StateMessage icon="event" level="bad" title={t('states.failed.title', { kinds: lower })} detail={freshness.reason} text={t(freshness.code === 404 ? 'states.failed.notServed' : 'states.failed.text', { resource })}><Button variant="outlined" onClick={retry}>{t('states.tryAgain')}</Button></StateMessage>;
  if (freshness.state === 'stale' && !complete) return <StateMessage icon="event" level="warning" title={t('states.unreachable.title')} detail={freshness.reason} text={t('states.unreachable.text')}><Button variant="outlined" onClick={retry}>{t('states.tryAgain')}</Button></StateMessage>;
  if (!complete) return <Loading />;
  const where = namespaces.length === 1 ? t('states.empty.inNamespace', { namespace: namespaces[0] }) : namespaces.length > 1 ? t('states.empty.inNamespaces', { count: namespaces.length }) : '';
  const explained = app.kinds.includes(kind) ? t(`kindText.${kind.kind}`, { defaultValue: '' }) : '';
  return (
    <StateMessage icon={kind.view.icon} title={t('states.empty.title', { kinds: lower, where })} text={explained}>
      {namespaces.length > 0 ? <Button variant="outlined" onClick={onClear}>{t('states.empty.allNamespaces')}</Button> : null}
      <KubectlCommand command={kubectl(undefined, namespaces.length === 1 ? namespaces[0] : undefined, 'get', kind.plural, ...(kind.namespaced && namespaces.length !== 1 ? ['-A'] : []))} />
    </StateMessage>
  );
}
