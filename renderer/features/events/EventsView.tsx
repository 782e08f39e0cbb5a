// Live events of one object; they stay readable for their hour after the object is gone.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import { useApp } from '../../app/context.ts';
import type { DockViewProps } from '../../app/feature.ts';
import { kubectl, resourceArg } from '../../app/kubectl.ts';
import { useKinds, useObject } from '../../gateway/hooks.ts';
import { Events } from '../../kinds/sections/Events.tsx';
import { KubectlCommand } from '../../kit/KubectlCommand.tsx';
import { Loading, StateMessage } from '../../kit/states.tsx';
import { readTarget, type EditTarget } from '../yaml/target.ts';
import './events.css';

export function EventsView({ props }: DockViewProps) {
  const { t } = useTranslation();
  const target = useMemo(() => readTarget(props), [props]);
  const kinds = useKinds(target?.cluster ?? '');
  const kind = target?.resource && kinds.find(k => k.group === target.resource!.group && k.version === target.resource!.version && k.plural === target.resource!.plural);
  return target && kind ? <Of target={target} kind={kind} /> : <StateMessage icon="event" title={t('dock.unknown')} />;
}

function Of({ target, kind }: { target: EditTarget; kind: KindSpec }) {
  const { connection } = useApp();
  const { t } = useTranslation();
  const { object, gone } = useObject<KubeObject>(target.cluster, kind, target.namespace, target.name ?? '');
  const info = connection.host.get()?.clusters.find(c => c.id === target.cluster);
  if (!object) return gone ? <StateMessage icon="event" title={t('drawer.missing', { kind: kind.kind })} text={t('drawer.missingText')} /> : <Loading rows={4} />;
  return (
    <div className="events-view" data-testid="events">
      <Events section="events" cluster={target.cluster} kind={kind} object={{ ...object, kind: kind.kind }} />
      <KubectlCommand command={kubectl(info, target.namespace, 'events', '--for', resourceArg(kind, target.name ?? ''))} />
    </div>
  );
}
