// New images for the containers of a workload, with the change cause the history will show.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { resourcePath } from '../../../core/api/meta/object.ts';
import type { Deployment } from '../../../core/api/types/kubernetes.ts';
import type { ActionContext } from '../../app/feature.ts';
import { kubectl, resourceArg } from '../../app/kubectl.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';
import { imagePatch } from './revisions.ts';
import { isWorkload } from './target.ts';

export function SetImageDialog({ c, close }: { c: ActionContext; close(): void }) {
  const { t } = useTranslation();
  const o = c.objects[0] as Deployment;
  const spec = o.spec?.template?.spec;
  const init = new Set((spec?.initContainers ?? []).map(x => x.name ?? ''));
  const all = [...spec?.containers ?? [], ...spec?.initContainers ?? []].map(x => ({ name: x.name ?? '', image: x.image ?? '' }));
  const [images, setImages] = useState<Readonly<Record<string, string>>>({});
  const [cause, setCause] = useState<string>();
  const changed = Object.fromEntries(all.filter(x => images[x.name] !== undefined && images[x.name]!.trim() !== x.image).map(x => [x.name, images[x.name]!.trim()]));
  const pairs = Object.entries(changed).map(([n, i]) => `${n}=${i}`);
  const info = c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster);
  const ns = o.metadata?.namespace, name = o.metadata?.name ?? '';
  const command = kubectl(info, ns, 'set', 'image', resourceArg(c.kind, name), ...(pairs.length > 0 ? pairs : ['…']));
  const why = cause ?? (pairs.length > 0 ? t('rollouts.imageCause', { images: pairs.join(', ') }) : '');
  const valid = pairs.length > 0 && Object.values(changed).every(i => /^\S+$/.test(i));
  return (
    <ConfirmDialog title={t('rollouts.setImageTitle', { name })} deed={t('rollouts.setImageDeed')} kubectl={command} field disabled={!valid} onClose={close}
      onConfirm={async () => {
        await c.app.connection.request({ cluster: c.cluster, method: 'PATCH', path: resourcePath(c.kind, ns, name), query: { fieldManager: 'pilothouse' }, contentType: 'application/strategic-merge-patch+json', body: imagePatch(changed, isWorkload(c.kind.kind) ? why : undefined, init) });
        c.app.lastCommand.set(command);
        c.app.notify({ level: 'good', text: t('rollouts.imageSet', { name, images: pairs.join(', ') }), kubectl: command });
      }}>
      {all.map((x, i) => (
        <label className="field" key={x.name}><span>{x.name}{init.has(x.name) ? ` · ${t('container.init')}` : ''}</span>
          <input className="input mono" name={`image-${x.name}`} autoFocus={i === 0} spellCheck={false} autoComplete="off" value={images[x.name] ?? x.image} onChange={e => setImages(m => ({ ...m, [x.name]: e.target.value }))} /></label>
      ))}
      {isWorkload(c.kind.kind) ? <label className="field"><span>{t('rollout.cause')}</span><input className="input" value={why} onChange={e => setCause(e.target.value)} /></label> : null}
    </ConfirmDialog>
  );
}
