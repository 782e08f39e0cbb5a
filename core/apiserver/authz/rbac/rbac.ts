// RBAC: who may do what by roles and bindings. All four kinds are kept in maps that follow the store's watch; a decision looks only at
// the bindings of the asking user, and what it found is kept until a role or binding changes.
import type { KubeObject } from '../../../api/meta/object.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, RbacSubject, Role, RoleBinding, RoleRef } from '../../../api/types/kubernetes.ts';
import type { Store, Watcher } from '../../../store/store.ts';
import type { UserInfo } from '../../context.ts';
import type { Resource } from '../../registry/resource.ts';
import type { Access, Authorizer, Decision } from '../authorizer.ts';
import { defaultPolicy } from './default-policy.ts';
import { matchesPath, matchesResource } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';
const SERVICE_ACCOUNT = 'system:serviceaccount:';
/** Users whose decisions are kept, and decisions kept of each. */
const MAX_USERS = 1000, MAX_DECISIONS = 2000;

interface Binding { readonly name: string; readonly namespace: string; readonly roleRef: RoleRef; readonly subjects: readonly RbacSubject[] }
/** subject -> binding names -> binding. */
type BySubject = Map<string, Map<string, Binding>>;

/** What one user may do with one resource: with every name, or with those named. */
interface Answer { readonly all: Decision | undefined; readonly named: readonly { readonly names: readonly string[]; readonly decision: Decision }[]; readonly none: Decision }
interface Memory { version: number; readonly subjects: readonly string[]; readonly answers: Map<string, Answer> }

export interface RulesOfUser { readonly rules: readonly PolicyRule[]; readonly errors: readonly string[] }

function subjectKey(s: RbacSubject, namespace: string): string {
  return s.kind === 'ServiceAccount' ? `ServiceAccount ${s.namespace || namespace}:${s.name}` : `${s.kind} ${s.name}`;
}

/** The keys under which a user's bindings lie. */
function subjectsOf(user: UserInfo): string[] {
  const keys = [`User ${user.name}`, ...user.groups.map(g => `Group ${g}`)];
  if (user.name.startsWith(SERVICE_ACCOUNT)) keys.push(`ServiceAccount ${user.name.slice(SERVICE_ACCOUNT.length)}`);
  return keys;
}

function describe(b: Binding, subject: RbacSubject): string {
  const who = subject.kind === 'ServiceAccount' && subject.namespace ? `${subject.name}/${subject.namespace}` : subject.name;
  const what = b.namespace === '' ? `ClusterRoleBinding ${JSON.stringify(b.name)}` : `RoleBinding ${JSON.stringify(`${b.name}/${b.namespace}`)}`;
  return `${what} of ${b.roleRef.kind} ${JSON.stringify(b.roleRef.name)} to ${subject.kind} ${JSON.stringify(who)}`;
}

/** Several errors as Kubernetes prints an aggregate. */
export const aggregate = (errors: readonly string[]): string => { const all = [...new Set(errors)]; return all.length === 1 ? all[0]! : `[${all.join(', ')}]`; };

export class Rbac implements Authorizer {
  readonly #clusterRoles = new Map<string, ClusterRole>();
  readonly #roles = new Map<string, Role>();
  readonly #clusterBindings: BySubject = new Map();
  readonly #bindings = new Map<string, BySubject>();
  /** Bindings by storage key, to find what an older version stands under. */
  readonly #known = new Map<string, Binding>();
  readonly #memory = new Map<string, Memory>();
  /** A user object mostly comes again. */
  readonly #byUser = new WeakMap<UserInfo, Memory>();
  /** Default objects that stand in for what is not written yet, by storage key. */
  readonly #standIns = new Map<string, Kind>();
  readonly #watchers: Watcher[] = [];
  #version = 1;

  /** `find`: the resources of the group. The defaults hold from the first moment, written or not, unless the store has others of their names. */
  constructor(store: Store, find: (plural: string) => Resource | undefined) {
    const kinds = new Map(KINDS.flatMap(plural => { const resource = find(plural); return resource ? [[plural, { plural, resource }]] : []; }) as [string, Kind][]);
    for (const { plural, object } of defaultPolicy()) {
      const kind = kinds.get(plural);
      if (!kind) continue;
      const key = kind.resource.key(object.metadata!.namespace ?? '', object.metadata!.name!);
      this.#put(kind, key, object);
      this.#standIns.set(key, kind);
    }
    for (const kind of kinds.values()) {
      const { prefix } = kind.resource, all = store.range({ prefix });
      for (const e of all.entries) this.#stored(kind, e.key, kind.resource.stateOf(e));
      this.#watchers.push(store.watch(prefix, all.revision, events => {
        for (const e of events) this.#stored(kind, e.entry.key, e.type === 'DELETE' ? undefined : kind.resource.stateOf(e.entry));
      }));
    }
  }

  /** Default objects that are not in the store count no longer: what there is has been written. */
  defaultsWritten(): void {
    for (const [key, kind] of this.#standIns) this.#put(kind, key, undefined);
    this.#standIns.clear();
  }

  close(): void { for (const w of this.#watchers) w.close(); }

  authorize(access: Access): Decision {
    const memory = this.#remember(access.user), { resource: r, verb } = access;
    if (r === undefined) return this.#path(memory, verb, access.path);
    const combined = r.subresource === '' ? r.resource : `${r.resource}/${r.subresource}`;
    const key = `${verb} ${r.group} ${combined} ${r.namespace}`;
    let answer = memory.answers.get(key);
    if (answer === undefined) {
      if (memory.answers.size >= MAX_DECISIONS) memory.answers.clear();
      memory.answers.set(key, answer = this.#judge(memory.subjects, verb, r.group, combined, r.subresource, r.namespace));
    }
    if (answer.all !== undefined) return answer.all;
    for (const n of answer.named) if (n.names.includes(r.name)) return n.decision;
    return answer.none;
  }

  /** Everything the user may do in a namespace ('' for cluster-wide only), and which roles were missing. */
  rulesOf(user: UserInfo, namespace: string): RulesOfUser {
    const rules: PolicyRule[] = [], errors: string[] = [];
    this.#visit(subjectsOf(user), namespace, (_, found, error) => { if (error) errors.push(error); else rules.push(...found); return false; });
    return { rules, errors };
  }

  /** The rules of a role a binding in `namespace` names; undefined when there is none. */
  roleRules(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const role = ref.kind === 'ClusterRole' ? this.#clusterRoles.get(ref.name) : this.#roles.get(`${namespace}/${ref.name}`);
    return role && (role.rules ?? []);
  }

  #remember(user: UserInfo): Memory {
    let m = this.#byUser.get(user);
    if (m === undefined) {
      const subjects = subjectsOf(user), id = subjects.join('\n');
      m = this.#memory.get(id);
      if (m === undefined) {
        if (this.#memory.size >= MAX_USERS) this.#memory.clear();
        this.#memory.set(id, m = { version: this.#version, subjects, answers: new Map() });
      }
      this.#byUser.set(user, m);
    }
    if (m.version !== this.#version) { m.answers.clear(); m.version = this.#version; }
    return m;
  }

  #judge(subjects: readonly string[], verb: string, group: string, combined: string, subresource: string, namespace: string): Answer {
    const named: Answer['named'][number][] = [], errors: string[] = [];
    let all: Decision | undefined;
    this.#visit(subjects, namespace, (who, rules, error) => {
      if (error) { errors.push(error); return false; }
      for (const rule of rules) {
        if (!matchesResource(rule, verb, group, combined, subresource)) continue;
        const decision: Decision = { verdict: 'allow', reason: `RBAC: allowed by ${who()}` };
        if (!rule.resourceNames?.length) { all = decision; return true; }
        named.push({ names: rule.resourceNames, decision });
      }
      return false;
    });
    return { all, named, none: refused(errors) };
  }

  #path(memory: Memory, verb: string, path: string): Decision {
    const errors: string[] = [];
    let allowed: Decision | undefined;
    this.#visit(memory.subjects, '', (who, rules, error) => {
      if (error) errors.push(error);
      else if (rules.some(rule => matchesPath(rule, verb, path))) allowed = { verdict: 'allow', reason: `RBAC: allowed by ${who()}` };
      return allowed !== undefined;
    });
    return allowed ?? refused(errors);
  }

  /** Calls `see` with each binding's rules, cluster-wide ones first, until it answers true. */
  #visit(subjects: readonly string[], namespace: string, see: (who: () => string, rules: readonly PolicyRule[], error: string | undefined) => boolean): void {
    const seen = new Set<Binding>();
    for (const from of namespace === '' ? [this.#clusterBindings] : [this.#clusterBindings, this.#bindings.get(namespace)]) {
      if (from === undefined) continue;
      for (const subject of subjects) {
        for (const b of from.get(subject)?.values() ?? []) {
          if (seen.has(b)) continue;
          seen.add(b);
          const rules = this.roleRules(b.roleRef, b.namespace);
          const who = (): string => describe(b, b.subjects.find(s => subjects.includes(subjectKey(s, b.namespace)))!);
          if (see(who, rules ?? [], rules ? undefined : `${b.roleRef.kind.toLowerCase()}.${GROUP} ${JSON.stringify(b.roleRef.name)} not found`)) return;
        }
      }
    }
  }

  #stored(kind: Kind, key: string, object: KubeObject | undefined): void {
    this.#standIns.delete(key);
    this.#put(kind, key, object);
  }

  #put({ plural, resource }: Kind, key: string, object: KubeObject | undefined): void {
    this.#version++;
    const id = key.slice(resource.prefix.length);
    switch (plural) {
      case 'clusterroles': return set(this.#clusterRoles, id, object as ClusterRole | undefined);
      case 'roles': return set(this.#roles, id, object as Role | undefined);
      default: return this.#bind(key, plural === 'clusterrolebindings', object as RoleBinding | ClusterRoleBinding | undefined);
    }
  }

  #bind(key: string, cluster: boolean, object: RoleBinding | ClusterRoleBinding | undefined): void {
    const old = this.#known.get(key);
    if (old) {
      const index = this.#index(old.namespace);
      for (const s of old.subjects) {
        const k = subjectKey(s, old.namespace), all = index.get(k);
        all?.delete(old.name);
        if (all?.size === 0) index.delete(k);
      }
      if (index.size === 0 && old.namespace !== '') this.#bindings.delete(old.namespace);
      this.#known.delete(key);
    }
    if (!object) return;
    const b: Binding = { name: object.metadata!.name!, namespace: cluster ? '' : object.metadata!.namespace ?? '', roleRef: object.roleRef, subjects: object.subjects ?? [] };
    this.#known.set(key, b);
    const index = this.#index(b.namespace);
    for (const s of b.subjects) {
      const k = subjectKey(s, b.namespace), all = index.get(k);
      if (all) all.set(b.name, b); else index.set(k, new Map([[b.name, b]]));
    }
  }

  #index(namespace: string): BySubject {
    if (namespace === '') return this.#clusterBindings;
    let index = this.#bindings.get(namespace);
    if (!index) this.#bindings.set(namespace, index = new Map());
    return index;
  }
}

const KINDS = ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'] as const;
interface Kind { readonly plural: typeof KINDS[number]; readonly resource: Resource }

const NONE: Decision = Object.freeze({ verdict: 'none', reason: '' });
const refused = (errors: readonly string[]): Decision => (errors.length ? { verdict: 'none', reason: `RBAC: ${aggregate(errors)}` } : NONE);

function set<T>(map: Map<string, T>, id: string, object: T | undefined): void {
  if (object === undefined) map.delete(id); else map.set(id, object);
}
