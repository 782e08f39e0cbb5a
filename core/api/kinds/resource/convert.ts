// resource.k8s.io/v1beta1 wrote a request and a device in one piece; since v1beta2 their kinds have fields of their own.
import { isObject } from '../../meta/clone.ts';
import type { KubeObject } from '../../meta/object.ts';

type Fields = Record<string, unknown>;
type Change = (o: Fields) => Fields;

/** A copy with `list` below the path changed item by item; the object itself where there is none. */
function inList(o: Fields, path: readonly string[], change: Change): Fields {
  const [head, ...rest] = path, v = o[head!];
  if (rest.length === 0) return Array.isArray(v) ? { ...o, [head!]: v.map(item => (isObject(item) ? change(item) : item as unknown)) } : o;
  return isObject(v) ? { ...o, [head!]: inList(v, rest, change) } : o;
}

const flatRequest: Change = ({ exactly, ...rest }) => (isObject(exactly) ? { ...rest, ...exactly } : rest);
function nestedRequest(o: Fields): Fields {
  const { name, firstAvailable, ...own } = o;
  return { ...(name === undefined ? {} : { name }), ...(Object.keys(own).length > 0 ? { exactly: own } : {}), ...(firstAvailable === undefined ? {} : { firstAvailable }) };
}
const flatDevice: Change = ({ basic, ...rest }) => (isObject(basic) ? { ...rest, ...basic } : rest);
const nestedDevice: Change = ({ name, ...basic }) => ({ ...(name === undefined ? {} : { name }), basic });

const CLAIM = ['spec', 'devices', 'requests'], TEMPLATE = ['spec', 'spec', 'devices', 'requests'], SLICE = ['spec', 'devices'];
const by = (path: readonly string[], change: Change) => (o: KubeObject): KubeObject => inList(o as Fields, path, change) as KubeObject;

export const claimV1beta1 = { fromStored: by(CLAIM, flatRequest), toStored: by(CLAIM, nestedRequest) };
export const templateV1beta1 = { fromStored: by(TEMPLATE, flatRequest), toStored: by(TEMPLATE, nestedRequest) };
export const sliceV1beta1 = { fromStored: by(SLICE, nestedDevice), toStored: by(SLICE, flatDevice) };
