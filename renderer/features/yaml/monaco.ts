// Monaco with our colours, YAML and the schemas of the clusters. One instance per window; imported lazily by the views that edit.
import 'monaco-editor/features/register.all';
import 'monaco-editor/languages/definitions/yaml/register';
import * as monaco from 'monaco-editor/editor';
import { configureMonacoYaml, type JSONSchema, type MonacoYaml } from 'monaco-yaml';
import { themeName, token } from '../../theme/theme.ts';

export { monaco };

const editorWorker = (): Worker => new Worker(new URL('./editor.worker.ts', import.meta.url), { type: 'module', name: 'editor' });
const yamlWorker = (): Worker => new Worker(new URL('./yaml.worker.ts', import.meta.url), { type: 'module', name: 'yaml' });
(self as unknown as { MonacoEnvironment: monaco.Environment }).MonacoEnvironment = { getWorker: () => editorWorker() };

/** monaco-yaml asks for workers as Monaco before 0.55 made them: label and data, not the worker itself. */
const shim = {
  ...monaco,
  editor: {
    ...monaco.editor,
    createWebWorker: (o: { label: string; createData: unknown; host?: Record<string, (...args: unknown[]) => unknown>; keepIdleModels?: boolean }) => {
      const worker = yamlWorker();
      // The first message wakes Monaco's bootstrap, the second is what the language server is made with.
      worker.postMessage('ignore');
      worker.postMessage(o.createData);
      return monaco.editor.createWebWorker({ worker, host: o.host, keepIdleModels: o.keepIdleModels });
    },
  },
};
let yaml: MonacoYaml | undefined;
const schemas = new Map<string, { groups: string; schema: JSONSchema }>();

const folder = (cluster: string): string => encodeURIComponent(cluster).replaceAll('%', '_');
let serial = 0;
/** The address of a new document of a cluster; its schema is found by it. */
export const documentUri = (cluster: string): monaco.Uri => monaco.Uri.parse(`file:///${folder(cluster)}/${++serial}.yaml`);

/** Sets the schema of a cluster's documents; `groups` tells versions of it apart, because taking a new one restarts the worker. */
export async function takeSchema(cluster: string, groups: string, schema: JSONSchema): Promise<void> {
  if (schemas.get(cluster)?.groups === groups) return;
  schemas.set(cluster, { groups, schema });
  const all = [...schemas].map(([c, s]) => ({ uri: `pilothouse://${folder(c)}/openapi.json`, fileMatch: [`**/${folder(c)}/*.yaml`], schema: s.schema }));
  const options = { schemas: all, enableSchemaRequest: false, validate: true, hover: true, completion: true, format: true, yamlVersion: '1.1' as const, isKubernetes: false };
  if (yaml) await yaml.update(options as never);
  else yaml = configureMonacoYaml(shim as never, options as never);
}

function defineTheme(): void {
  const name = themeName.get();
  const hex = (t: string): string => token(t).replace('#', '');
  const full = (t: string): string => { const v = token(t); return v.length === 4 ? `#${v.slice(1).replaceAll(/./g, '$&$&')}` : v; };
  monaco.editor.defineTheme('pilothouse', {
    base: name === 'light' ? 'vs' : name === 'dark' ? 'vs-dark' : 'hc-black', inherit: true,
    rules: [
      { token: 'type', foreground: hex('accent') }, { token: 'string', foreground: hex('good') }, { token: 'number', foreground: hex('log3') },
      { token: 'keyword', foreground: hex('log4') }, { token: 'comment', foreground: hex('faint') },
    ].filter(r => r.foreground.length === 6),
    colors: {
      'editor.background': full('main'), 'editor.foreground': full('ink'), 'editorLineNumber.foreground': full('faint'), 'editorLineNumber.activeForeground': full('quiet'), 'editorGutter.background': full('main'),
      'editor.lineHighlightBackground': full('hover'), 'editor.lineHighlightBorder': '#00000000', 'editorWidget.background': full('raised'), 'editorWidget.border': full('hairline'), 'editorHoverWidget.background': full('raised'), 'editorSuggestWidget.background': full('raised'), 'editorIndentGuide.background1': full('hairline'),
      focusBorder: full('accent'), 'diffEditor.insertedTextBackground': `${full('good')}38`, 'diffEditor.insertedLineBackground': `${full('good')}1c`, 'diffEditor.removedTextBackground': `${full('bad')}38`, 'diffEditor.removedLineBackground': `${full('bad')}1c`, 'editorStickyScroll.background': full('main'), 'diffEditor.diagonalFill': full('hairline'),
    },
  });
  monaco.editor.setTheme('pilothouse');
}
defineTheme();
themeName.subscribe(defineTheme);

export const OPTIONS = {
  automaticLayout: true, fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--mono').trim(), fontSize: 12.5, lineHeight: 18, minimap: { enabled: false }, scrollBeyondLastLine: false, renderLineHighlight: 'line', tabSize: 2, insertSpaces: true, detectIndentation: false,
  quickSuggestions: { other: true, strings: true, comments: false }, fixedOverflowWidgets: true, smoothScrolling: false, stickyScroll: { enabled: true }, guides: { indentation: true }, folding: true, overviewRulerLanes: 2, padding: { top: 6, bottom: 6 }, accessibilitySupport: 'auto',
} as const satisfies monaco.editor.IStandaloneEditorConstructionOptions;
