// Parts of security contexts that pods and containers share.
import { invalid, notSupported, required, tooLong, type FieldError } from '../../meta/field-error.ts';
import { inRange } from '../../meta/names.ts';
import type { AppArmorProfile, SeccompProfile } from '../../types/kubernetes.ts';
import { descending } from './volume-sources.ts';

const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const MAX_ID = 2_147_483_647, MAX_PATH = 4095;

/** A user's or group's number, where there is one. */
export const idErrors = (id: number | undefined, path: string): FieldError[] =>
  (id !== undefined && (id < 0 || id > MAX_ID) ? [invalid(path, id, inRange(0, MAX_ID))] : []);

/** Field errors of a seccomp profile, below `path`. */
export function validateSeccomp(p: SeccompProfile | undefined, path: string): FieldError[] {
  if (!p) return [];
  const errors: FieldError[] = [];
  if (!p.type) errors.push(required(`${path}.type`, 'type is required when seccompProfile is set'));
  else if (!PROFILES.includes(p.type)) errors.push(notSupported(`${path}.type`, p.type, PROFILES));
  const file = p.localhostProfile;
  if (p.type !== 'Localhost') {
    if (file !== undefined) errors.push(invalid(`${path}.localhostProfile`, p, 'can only be set when seccomp type is Localhost'));
  } else if (file === undefined) errors.push(required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost'));
  else errors.push(...descending(file, `${path}.localhostProfile`));
  return errors;
}

/** Field errors of an AppArmor profile, below `path`. */
export function validateAppArmor(p: AppArmorProfile | undefined, path: string): FieldError[] {
  if (!p) return [];
  const at = `${path}.localhostProfile`, file = p.localhostProfile;
  if (!p.type) return [required(`${path}.type`, 'type is required when appArmorProfile is set')];
  if (!PROFILES.includes(p.type)) return [notSupported(`${path}.type`, p.type, PROFILES)];
  if (p.type !== 'Localhost') return file === undefined ? [] : [invalid(at, file, 'can only be set when AppArmor type is Localhost')];
  if (file === undefined) return [required(at, 'must be set when AppArmor type is Localhost')];
  const errors = file !== file.trim() ? [invalid(at, file, 'must not be padded with whitespace')] : file === '' ? [required(at, 'must be set when AppArmor type is Localhost')] : [];
  return file.length > MAX_PATH ? [...errors, tooLong(at, MAX_PATH)] : errors;
}
