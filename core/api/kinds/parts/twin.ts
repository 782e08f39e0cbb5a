// Another served version of a kind that is stored as its stable one.
import type { KubeObject } from '../../meta/object.ts';
import type { Column, KindSpec } from '../kind.ts';

export interface Twin {
  readonly version: string;
  /** Sent as a Warning with every answer; none for versions that are merely older. */
  readonly deprecated?: string;
  /** Between the two shapes, where they differ by more than the name; neither changes what it is given. */
  readonly fromStored?: (o: KubeObject) => KubeObject;
  readonly toStored?: (o: KubeObject) => KubeObject;
}

const same = (o: KubeObject): KubeObject => o;

/** `stable` in another version: the same rules, columns and store. Paths of errors are those of the stable shape. */
export function defineTwin<T extends KubeObject>(stable: KindSpec<T>, t: Twin): KindSpec {
  const { fromStored = same, toStored = same } = t, base = stable as unknown as KindSpec;
  const apiVersion = `${stable.group}/${t.version}`, storedVersion = `${stable.group}/${stable.version}`;
  const to = (o: KubeObject): KubeObject => toStored(o);
  /** Runs what changes an object on its stored shape, and carries the change back. */
  const through = (run: ((o: KubeObject, prev: KubeObject) => void) | undefined): ((o: KubeObject, prev?: KubeObject) => void) | undefined => run && ((o, prev) => {
    if (toStored === same) { run(o, prev!); return; }
    const stored = to(o);
    run(stored, prev ? to(prev) : prev!);
    const back = fromStored(stored) as unknown as Record<string, unknown>, out = o as unknown as Record<string, unknown>;
    for (const k of Object.keys(out)) if (!(k in back)) delete out[k];
    Object.assign(out, back);
  });
  const column = (c: Column): Column => ({ ...c, value: (o, now) => c.value(to(o), now), ...(c.sort ? { sort: (o: KubeObject) => c.sort!(to(o)) } : {}) });
  return {
    ...base, version: t.version, schema: base.schema.replace(`.${stable.version}.`, `.${t.version}.`), storedAs: { group: stable.group, plural: stable.plural },
    ...(t.deprecated === undefined ? {} : { deprecated: t.deprecated }),
    convert: {
      fromStored: o => ({ ...fromStored(o), apiVersion }),
      toStored: o => ({ ...to(o), apiVersion: storedVersion }),
    },
    ...(base.setDefaults ? { setDefaults: through(base.setDefaults)! } : {}),
    ...(base.prepareForCreate ? { prepareForCreate: through(base.prepareForCreate)! } : {}),
    ...(base.prepareForUpdate ? { prepareForUpdate: through(base.prepareForUpdate)! } : {}),
    ...(base.prepareForStatusUpdate ? { prepareForStatusUpdate: through(base.prepareForStatusUpdate)! } : {}),
    validate: o => base.validate(to(o)),
    ...(base.validateUpdate ? { validateUpdate: (a: KubeObject, b: KubeObject) => base.validateUpdate!(to(a), to(b)) } : {}),
    ...(base.validateStatusUpdate ? { validateStatusUpdate: (a: KubeObject, b: KubeObject) => base.validateStatusUpdate!(to(a), to(b)) } : {}),
    ...(base.validateCreate ? { validateCreate: (o: KubeObject) => base.validateCreate!(to(o)) } : {}),
    ...(base.fields ? { fields: Object.fromEntries(Object.entries(base.fields).map(([name, f]) => [name, (o: KubeObject) => f(to(o))])) } : {}),
    columns: toStored === same ? base.columns : base.columns.map(column),
  };
}
