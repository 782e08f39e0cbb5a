// Finds text for people that stands in a source instead of in the catalogue. For renderer/text.test.ts.
import { parseAst } from 'vite';

type Node = { readonly type: string } & Readonly<Record<string, unknown>>;
const isNode = (v: unknown): v is Node => typeof v === 'object' && v !== null && typeof (v as { type?: unknown }).type === 'string';

/** Attributes and properties a person reads or hears. */
const READ = new Set(['aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext', 'alt', 'placeholder', 'title', 'label', 'text', 'detail', 'word', 'hint', 'deed', 'heading', 'caption', 'message']);
/** Elements whose text is the name of a key or an example of code, the same in every language. */
const NAMES = new Set(['kbd', 'code']);
const WORD = /\p{L}{2,}/u;

/** Line and text of each piece of literal text that would be shown. `lang` as the file's ending. */
export function literalText(source: string, lang: 'ts' | 'tsx'): string[] {
  const found: string[] = [];
  const report = (n: Node, text: string): void => { if (WORD.test(text)) found.push(`${source.slice(0, n.start as number).split('\n').length}: ${text.trim().replaceAll(/\s+/g, ' ')}`); };
  /** The literals an expression can come out as; what is given to a call is the call's business. */
  const shown = (n: unknown): void => {
    if (!isNode(n)) return;
    switch (n.type) {
      case 'Literal': if (typeof n.value === 'string') report(n, n.value); break;
      case 'TemplateLiteral': for (const q of n.quasis as Node[]) report(q, (q.value as { cooked: string }).cooked); for (const e of n.expressions as Node[]) shown(e); break;
      case 'ConditionalExpression': shown(n.consequent); shown(n.alternate); break;
      case 'LogicalExpression': shown(n.right); if (n.operator !== '&&') shown(n.left); break;
      case 'BinaryExpression': if (n.operator === '+') { shown(n.left); shown(n.right); } break;
      case 'TSAsExpression': case 'TSNonNullExpression': case 'ParenthesizedExpression': case 'JSXExpressionContainer': shown(n.expression); break;
      default:
    }
  };
  const visit = (n: unknown, inNames: boolean): void => {
    if (Array.isArray(n)) { for (const x of n) visit(x, inNames); return; }
    if (!isNode(n)) return;
    let names = inNames;
    if (n.type === 'JSXElement') {
      const name = ((n.openingElement as Node).name as Node).name;
      names ||= typeof name === 'string' && NAMES.has(name);
      for (const child of n.children as Node[]) {
        if (names) continue;
        if (child.type === 'JSXText') report(child, child.value as string); else if (child.type === 'JSXExpressionContainer') shown(child);
      }
    } else if (n.type === 'JSXAttribute') {
      const name = (n.name as Node).name;
      if (typeof name === 'string' && READ.has(name)) shown(n.value);
    } else if (n.type === 'Property') {
      const key = n.key as Node;
      if (!n.computed && READ.has(String(key.name ?? key.value))) shown(n.value);
    }
    for (const [k, v] of Object.entries(n)) if (k !== 'parent') visit(v, names);
  };
  visit(parseAst(source, { lang }) as unknown as Node, false);
  return found;
}
