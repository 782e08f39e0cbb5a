// Names and uids that the server gives to new objects.
import { randomBytes } from 'node:crypto';
import { generatedName } from '../../api/meta/names.ts';

/** Where they come from; given to a server so that what happens can be played again. */
export interface Identities {
  /** A version-4 UUID. */
  uid(): string;
  /** `base` and five characters, cut to what a name may have. */
  name(base: string): string;
}

let pool = Buffer.alloc(0), poolAt = 0;
const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
/** A random version-4 UUID; random bytes are drawn in blocks. */
export function newUid(): string {
  if (poolAt + 16 > pool.length) { pool = randomBytes(4096); poolAt = 0; }
  const at = poolAt;
  poolAt += 16;
  return uuid(i => pool[at + i]!);
}

/** The version-4 UUID of sixteen bytes. */
function uuid(byte: (i: number) => number): string {
  let s = '';
  for (let i = 0; i < 16; i++) {
    const b = byte(i);
    s += HEX[i === 6 ? (b & 0x0f) | 0x40 : i === 8 ? (b & 0x3f) | 0x80 : b];
    if (i === 3 || i === 5 || i === 7 || i === 9) s += '-';
  }
  return s;
}

export const randomIdentities: Identities = { uid: newUid, name: base => generatedName(base, Math.random) };
/** Those that follow from `random` (0 to 1) alone. */
export const identitiesFrom = (random: () => number): Identities => ({ uid: () => uuid(() => Math.floor(random() * 256)), name: base => generatedName(base, random) });
