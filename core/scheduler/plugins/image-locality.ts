// A node that has the images already.
import type { Plugin } from '../framework.ts';

const MB = 1024 * 1024;
const LEAST = 23 * MB;
const MOST = 1000 * MB;

/** An image's name as nodes list it: with a tag. */
const tagged = (image: string): string => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`);

export const imageLocality: Plugin = {
  name: 'ImageLocality',
  preScore({ pod, snapshot }, nodes) {
    const spec = pod.pod.spec;
    const names = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(c => c.image ?? '').filter(Boolean).map(tagged);
    for (const v of spec?.volumes ?? []) if (v.image?.reference) names.push(tagged(v.image.reference));
    if (!nodes.some(n => n.images.size > 0) || !names.some(i => snapshot.nodesWithImage(i) > 0)) return undefined;
    const all = snapshot.nodes.length, most = MOST * names.length;
    // An image that few nodes have counts less, or all its pods would go to those few.
    const spread = names.map(i => snapshot.nodesWithImage(i) / all);
    return {
      score(n) {
        const bytes = names.reduce((sum, i, at) => sum + Math.trunc((n.images.get(i) ?? 0) * spread[at]!), 0);
        return Math.trunc((100 * (Math.min(Math.max(bytes, LEAST), most) - LEAST)) / (most - LEAST));
      },
    };
  },
};
