// A priority class in words, and how many pods have it.
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { Pod, PriorityClass } from '../../../core/api/types/kubernetes.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { Fact, Section, type SectionProps } from '../../kinds/sections/section.tsx';

const CLASS = kindFor('scheduling.k8s.io', 'v1', 'priorityclasses')!;
const POD = kindFor('', 'v1', 'pods')!;

export function PrioritySection({ object, cluster }: SectionProps) {
  const { t } = useTranslation();
  const c = object as PriorityClass;
  const { items } = useObjects<PriorityClass>({ cluster, resource: CLASS });
  const pods = useObjects<Pod>({ cluster, resource: POD });
  const ordered = [...items].sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const at = ordered.findIndex(x => x.metadata?.uid === object.metadata?.uid);
  const count = pods.items.filter(p => p.spec?.priorityClassName === object.metadata?.name).length;
  return (
    <Section title={t('priority.title')} aside={c.globalDefault ? <span className="tag">{t('storageClass.default')}</span> : null}>
      {c.description ? <p>{c.description}</p> : null}
      <dl className="facts">
        <Fact name={t('priority.value')}>{(c.value ?? 0).toLocaleString()}{at >= 0 ? <span className="quiet"> {t('priority.rank', { rank: at + 1, count: ordered.length })}</span> : null}</Fact>
        <Fact name={t('priority.preemption')}>{t(c.preemptionPolicy === 'Never' ? 'priority.waits' : 'priority.preempts')}</Fact>
        <Fact name={t('sections.pods')}>{pods.complete ? count : undefined}</Fact>
      </dl>
    </Section>
  );
}
