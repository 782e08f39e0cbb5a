// Rules in CEL of a schema (x-kubernetes-validations): checked when a definition is written, asked for every object
// (apiextensions-apiserver pkg/apiserver/schema/cel).
import { compile, type Program } from '../cel/cel.ts';
import { DEFINITION_ESTIMATE_LIMIT, PER_CALL_LIMIT, RULE_ESTIMATE_LIMIT, RUNTIME_BUDGET } from '../cel/limits.ts';
import { BOOL, optionalOf, STRING, type Type } from '../cel/types.ts';
import { equal, isObject } from '../../api/meta/clone.ts';
import { forbidden, type FieldError } from '../../api/meta/field-error.ts';
import { parseJsonPath, simplePath } from '../../api/meta/json-path.ts';
import type { ValidationRule } from '../../api/types/kubernetes.ts';
import { celType, unboundedCardinality } from './cel-types.ts';
import type { Rules } from './custom-kind.ts';
import type { Structural } from './structural.ts';
import { correlated, showGo } from './validate.ts';

interface Rule {
  readonly raw: ValidationRule;
  readonly program: Program;
  readonly message: Program | undefined;
  /** It looks at the old state. */
  readonly isTransition: boolean;
  /** Of the field it speaks of, from where it stands. */
  readonly path: string;
}

/** Compiled rules by place. */
type Compiled = ReadonlyMap<Structural, readonly Rule[]>;
type Made = { readonly rule: Rule } | { readonly at: 'rule' | 'messageExpression' | 'fieldPath'; readonly error: string };

const oneLine = (rule: string): string => rule.trim().replace(/[\r\n]/g, ' ');
const plainMessage = (r: ValidationRule): string => r.message?.trim() || `failed rule: ${oneLine(r.rule)}`;
/** `.a.b['c']` as field paths write it: `.a.b[c]` for keys of maps. */
const pathOf = (text: string): string => text.replace(/\['((?:[^'\\]|\\.)*)'\]/g, (_, k: string) => (/^[A-Za-z_][\w]*$/.test(k) ? `.${k}` : `[${k.replace(/\\(.)/g, '$1')}]`));

function make(raw: ValidationRule, type: Type): Made {
  const variables: Record<string, Type> = { self: type, oldSelf: raw.optionalOldSelf ? optionalOf(type) : type };
  const rule = compile(raw.rule, { variables, expected: [BOOL] });
  if (!rule.program) return { at: 'rule', error: rule.mistyped ? 'cel expression must evaluate to a bool' : `compilation failed: ${rule.error}` };
  const isTransition = rule.program.uses('oldSelf');
  if (raw.optionalOldSelf && !isTransition) return { at: 'rule', error: 'optionalOldSelf may not be set if oldSelf is not used in rule' };
  let message: Program | undefined;
  if (raw.messageExpression?.trim()) {
    const m = compile(raw.messageExpression, { variables: isTransition ? variables : { self: type }, expected: [STRING] });
    if (!m.program) return { at: 'messageExpression', error: m.mistyped ? 'messageExpression must evaluate to a string' : `messageExpression compilation failed: ${m.error}` };
    message = m.program;
  }
  if (raw.fieldPath) {
    try { parseJsonPath(raw.fieldPath); } catch (e) { return { at: 'fieldPath', error: `invalid path: ${e instanceof Error ? e.message : String(e)}` }; }
  }
  return { rule: { raw, program: rule.program, message, isTransition, path: raw.fieldPath ? pathOf(raw.fieldPath) : '' } };
}

/** The rules of a schema, compiled; undefined when it has none. Rules that cannot be compiled were refused with their definition. */
export function rulesFor(root: Structural): Rules | undefined {
  if (!root.has.rules) return undefined;
  const compiled = new Map<Structural, readonly Rule[]>();
  const visit = (s: Structural): void => {
    if (!s.has.rules) return;
    const type = celType(s, s === root);
    if (type && s.rules.length > 0) compiled.set(s, s.rules.flatMap(r => { const m = make(r, type); return 'rule' in m ? [m.rule] : []; }));
    children(s, visit);
  };
  visit(root);
  return (object, old) => new Evaluation(compiled).run(object, root, old);
}

function children(s: Structural, visit: (s: Structural) => void): void {
  for (const p of s.properties.values()) visit(p);
  if (typeof s.additional === 'object') visit(s.additional);
  if (s.items) visit(s.items);
}

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';
const fieldName = (path: string): string => (path === '' ? '<nil>' : path.replace(/^\./, ''));
const invalidAt = (path: string, shown: string, detail: string): FieldError => ({ type: 'FieldValueInvalid', field: fieldName(path), detail: `Invalid value: ${shown}${detail}` });

/** One object's rules, within one budget. */
class Evaluation {
  readonly #compiled: Compiled;
  readonly #errors: FieldError[] = [];
  #budget = RUNTIME_BUDGET;
  constructor(compiled: Compiled) { this.#compiled = compiled; }

  run(object: unknown, s: Structural, old: unknown): FieldError[] {
    this.#visit(object, s, old, '');
    return this.#errors;
  }

  #visit(v: unknown, s: Structural, old: unknown, path: string): void {
    if (!s.has.rules || v === undefined || this.#budget < 0) return;
    // A null that is allowed is no value to judge.
    if (v === null) return;
    this.#rules(v, s, old, path);
    if (this.#budget < 0) return;
    if (Array.isArray(v)) {
      const before = s.items && correlated(s, old);
      if (s.items) v.forEach((x, i) => this.#visit(x, s.items!, before?.(x), `${path}[${i}]`));
    } else if (isObject(v)) {
      const before = isObject(old) ? old : undefined;
      for (const [k, p] of s.properties) this.#visit(v[k], p, before?.[k], `${path}.${k}`);
      if (typeof s.additional === 'object') for (const k of Object.keys(v)) if (!s.properties.has(k)) this.#visit(v[k], s.additional, before?.[k], `${path}[${k}]`);
    }
  }

  #rules(v: unknown, s: Structural, old: unknown, path: string): void {
    const rules = this.#compiled.get(s);
    if (!rules || rules.length === 0) return;
    const unchanged = old !== undefined && equal(v, old), shownType = JSON.stringify(s.type);
    for (const rule of rules) {
      if (rule.isTransition ? old === undefined && !rule.raw.optionalOldSelf : unchanged) continue;
      const bindings: Record<string, unknown> = { self: v, ...(rule.isTransition ? { oldSelf: old } : {}) };
      const out = rule.program.evaluate(bindings, { costLimit: Math.min(PER_CALL_LIMIT, this.#budget) });
      const text = oneLine(rule.raw.rule);
      if (out.error !== undefined) {
        if (out.exceeded) {
          this.#errors.push(this.#budget < PER_CALL_LIMIT ? invalidAt(path, shownType, `: ${OUT_OF_BUDGET}`) : invalidAt(path, shownType, `: '${out.error}': no further validation rules will be run due to call cost exceeds limit for rule: ${text}`));
          this.#budget = -1;
          return;
        }
        this.#errors.push(invalidAt(path, shownType, out.error.startsWith('no such overload')
          ? `: '${out.error}': call arguments did not match a supported operator, function or macro signature for rule: ${text}` : `: ${out.error} evaluating rule: ${text}`));
        this.#budget -= out.cost;
        continue;
      }
      this.#budget -= out.cost;
      if (out.value === true) continue;
      this.#errors.push(this.#failed(rule, v, s, `${path}${rule.path}`, bindings));
      if (this.#budget < 0) { this.#errors.push(invalidAt(path, shownType, `: ${OUT_OF_BUDGET}`)); return; }
    }
  }

  #failed(rule: Rule, v: unknown, s: Structural, path: string, bindings: Readonly<Record<string, unknown>>): FieldError {
    let detail = plainMessage(rule.raw);
    if (rule.message) {
      const m = rule.message.evaluate(bindings, { costLimit: Math.min(PER_CALL_LIMIT, Math.max(0, this.#budget)) });
      this.#budget -= m.cost;
      // What cannot be shown on one line falls back to the message of the rule.
      if (m.error === undefined && typeof m.value === 'string' && m.value.trim() !== '' && !/[\r\n]/.test(m.value) && m.value.length <= 5 * 1024) detail = m.value.trim();
    }
    const field = fieldName(path), whole = s.type === 'object' || s.type === 'array';
    switch (rule.raw.reason) {
      case 'FieldValueForbidden': return { type: 'FieldValueForbidden', field, detail: `Forbidden: ${detail}` };
      case 'FieldValueRequired': return { type: 'FieldValueRequired', field, detail: `Required value: ${detail}` };
      case 'FieldValueDuplicate': return { type: 'FieldValueDuplicate', field, detail: whole ? 'Duplicate value' : `Duplicate value: ${showGo(v)}` };
      default: return invalidAt(path, whole ? '' : `${showGo(v)}: `, detail);
    }
  }
}

/** What is wrong with the rules of a definition's version: they do not compile, or would cost too much. `path` is that of the schema. */
export function ruleErrors(root: Structural, path: string): FieldError[] {
  if (!root.has.rules) return [];
  const errors: FieldError[] = [], costly: { path: string; cost: number }[] = [];
  let total = 0;
  const count = (at: string, cost: number): void => { total += cost; if (cost > 0) costly.push({ path: at, cost }); };
  const visit = (s: Structural, at: string, cardinality: number | undefined, uncorrelated: string | undefined): void => {
    if (!s.has.rules) return;
    const type = celType(s, s === root), times = cardinality ?? unboundedCardinality(s);
    s.rules.forEach((raw, i) => {
      const where = `${at}.x-kubernetes-validations[${i}]`;
      if (!type || (raw.rule ?? '').trim() === '') return;
      const m = make(raw, type);
      const shown = { rule: raw.rule, ...(raw.message ? { message: raw.message } : {}) };
      if (!('rule' in m)) {
        errors.push({ type: 'FieldValueInvalid', field: `${where}.${m.at}`, detail: `Invalid value: ${showGo(m.at === 'fieldPath' ? raw.fieldPath : shown)}: ${m.error}` });
        return;
      }
      if (raw.fieldPath && !pathExists(s, raw.fieldPath)) errors.push({ type: 'FieldValueInvalid', field: `${where}.fieldPath`, detail: `Invalid value: ${showGo(raw.fieldPath)}: fieldPath must be a valid path: does not refer to a valid field` });
      if (m.rule.isTransition && uncorrelated !== undefined) errors.push({ type: 'FieldValueInvalid', field: `${where}.rule`, detail: `Invalid value: ${showGo(raw.rule)}: oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}` });
      const cost = m.rule.program.estimate().max * times;
      count(`${where}.rule`, cost);
      if (cost > RULE_ESTIMATE_LIMIT) errors.push(forbidden(`${where}.rule`, tooCostly('estimated rule cost', cost, RULE_ESTIMATE_LIMIT)));
      if (!m.rule.message) return;
      const spoken = m.rule.message.estimate().max * times;
      count(`${where}.messageExpression`, spoken);
      if (spoken > RULE_ESTIMATE_LIMIT) errors.push(forbidden(`${where}.messageExpression`, tooCostly('estimated messageExpression cost', spoken, RULE_ESTIMATE_LIMIT)));
    });
    const inside = (n: number | undefined): number | undefined => (cardinality === undefined || n === undefined ? undefined : cardinality * n);
    if (s.items) visit(s.items, `${at}.items`, inside(s.raw.maxItems), uncorrelated ?? (s.listType === 'map' ? undefined : `${at}.items`));
    for (const [k, p] of s.properties) visit(p, `${at}.properties[${k}]`, cardinality, uncorrelated);
    if (typeof s.additional === 'object') visit(s.additional, `${at}.additionalProperties`, inside(s.raw.maxProperties), uncorrelated);
  };
  visit(root, path, 1, undefined);
  if (total > DEFINITION_ESTIMATE_LIMIT) {
    const most = costly.sort((a, b) => b.cost - a.cost).slice(0, 4).filter(c => c.cost * 100 > DEFINITION_ESTIMATE_LIMIT);
    for (const c of most) errors.push(forbidden(c.path, 'contributed to estimated rule & messageExpression cost total exceeding cost limit for entire OpenAPIv3 schema'));
    errors.push(forbidden(path, tooCostly('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', total, DEFINITION_ESTIMATE_LIMIT)));
  }
  return errors;
}

function pathExists(s: Structural, text: string): boolean {
  const names = simplePath(text.replace(/\['((?:[^'\\]|\\.)*)'\]/g, (_, k: string) => `.${k.replace(/\./g, '\\.')}`));
  let at: Structural | undefined = names ? s : undefined;
  for (const n of names ?? []) at = at?.properties.get(n) ?? (typeof at?.additional === 'object' ? at.additional : undefined);
  return at !== undefined;
}

function tooCostly(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
