// Monaco as React components: an editor that keeps its text, and a diff that only shows.
import { useEffect, useRef } from 'react';
import type { Problem } from './documents.ts';
import { documentUri, monaco, OPTIONS } from './monaco.ts';

export interface EditorHandle { text(): string; set(text: string): void; markers(list: readonly Problem[]): void; focus(): void; reveal(line: number): void }

interface EditorProps { cluster: string; text: string; label: string; readOnly?: boolean; onReady(h: EditorHandle): void; onChange(text: string): void; onReview(): void; onMarkers(errors: number): void }

export function Editor({ cluster, text, label, readOnly, onReady, onChange, onReview, onMarkers }: EditorProps) {
  const box = useRef<HTMLDivElement>(null);
  const on = useRef({ onReady, onChange, onReview, onMarkers });
  useEffect(() => { on.current = { onReady, onChange, onReview, onMarkers }; });
  const first = useRef({ text, label, readOnly });
  useEffect(() => {
    if (!box.current) return undefined;
    const model = monaco.editor.createModel(first.current.text, 'yaml', documentUri(cluster));
    const editor = monaco.editor.create(box.current, { ...OPTIONS, model, ariaLabel: first.current.label, readOnly: first.current.readOnly ?? false });
    editor.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.KeyS, () => on.current.onReview());
    editor.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, () => on.current.onReview());
    // Esc first ends what the editor itself has open, then leaves it: a level back.
    editor.addCommand(monaco.KeyCode.Escape, () => {
      const panel = box.current?.closest('[role=tabpanel]');
      if (panel) document.getElementById(panel.getAttribute('aria-labelledby') ?? '')?.focus();
    },
      '!suggestWidgetVisible && !findWidgetVisible && !parameterHintsVisible && !renameInputVisible && !inSnippetMode && !hasNextTabstop && !editorHasMultipleSelections && !editorHoverVisible && !markersNavigationVisible && !messageVisible && !inlineSuggestionVisible');
    // The palette keeps its key.
    editor.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.KeyK, () => { window.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true })); });
    const changed = model.onDidChangeContent(() => on.current.onChange(model.getValue()));
    const marked = monaco.editor.onDidChangeMarkers(uris => {
      if (uris.some(u => u.toString() === model.uri.toString())) on.current.onMarkers(monaco.editor.getModelMarkers({ resource: model.uri }).filter(m => m.severity >= monaco.MarkerSeverity.Warning).length);
    });
    on.current.onReady({
      text: () => model.getValue(),
      set: t => { if (t !== model.getValue()) editor.executeEdits('set', [{ range: model.getFullModelRange(), text: t }]); editor.pushUndoStop(); },
      markers: list => monaco.editor.setModelMarkers(model, 'server', list.map(p => ({ message: p.message, severity: monaco.MarkerSeverity.Error, startLineNumber: p.line, startColumn: p.column, endLineNumber: p.endLine, endColumn: p.endColumn }))),
      focus: () => editor.focus(),
      reveal: line => { editor.revealLineInCenter(line); editor.setPosition({ lineNumber: line, column: 1 }); },
    });
    return () => { changed.dispose(); marked.dispose(); editor.dispose(); model.dispose(); };
  }, [cluster]);
  return <div ref={box} className="yaml-editor" data-testid="yaml-editor" />;
}

/** Text to read: no schema, no caret. */
export function Shown({ text, label }: { text: string; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!box.current) return undefined;
    const model = monaco.editor.createModel(text, 'yaml');
    const editor = monaco.editor.create(box.current, { ...OPTIONS, model, readOnly: true, domReadOnly: true, ariaLabel: label, renderLineHighlight: 'none' });
    return () => { editor.dispose(); model.dispose(); };
  }, [text, label]);
  return <div ref={box} className="yaml-editor" data-testid="yaml-shown" />;
}

export function Diff({ left, right, inline, label }: { left: string; right: string; inline?: boolean; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!box.current) return undefined;
    const original = monaco.editor.createModel(left, 'yaml'), modified = monaco.editor.createModel(right, 'yaml');
    const editor = monaco.editor.createDiffEditor(box.current, { ...OPTIONS, readOnly: true, originalEditable: false, renderSideBySide: inline !== true, renderSideBySideInlineBreakpoint: 560, hideUnchangedRegions: { enabled: true, contextLineCount: 4, minimumLineCount: 4 }, renderOverviewRuler: false, accessibilityVerbose: false, originalAriaLabel: label, modifiedAriaLabel: label });
    editor.setModel({ original, modified });
    return () => { editor.dispose(); original.dispose(); modified.dispose(); };
  }, [left, right, inline, label]);
  return <div ref={box} className="yaml-editor" data-testid="yaml-diff" />;
}
