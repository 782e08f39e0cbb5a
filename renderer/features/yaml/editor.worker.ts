// Monaco's own worker: diffs, links, word completion.
import 'monaco-editor/editor/editor.worker';
