// The code editor for YAML, in a chunk of its own: line numbers, colours, undo, search, what is wrong at its line.
// Tab goes on to what follows, as everywhere on the page; Ctrl+] and Ctrl+[ indent.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { type Ref, useEffect, useEffectEvent, useImperativeHandle, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";

export interface YamlEditorHandle {
  /** Puts the cursor there, and the line into view. */
  goTo(line: number): void;
}

export interface LineFault {
  /** Counted from 1. */
  line: number;
  message: string;
}

interface Props {
  ref: Ref<YamlEditorHandle>;
  /** What it is, for assistive technology. */
  label: string;
  describedBy: string;
  initial: string;
  faults: readonly LineFault[];
  onChange(text: string): void;
}

export function YamlEditor({ ref, label, describedBy, initial, faults, onChange }: Props) {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const words = useRef(new Compartment());
  const changed = useEffectEvent((text: string) => onChange(text));
  const said = useMemo(
    () => [
      EditorState.phrases.of(
        Object.fromEntries(PHRASES.map((phrase) => [phrase, t(`templates.editor.phrases.${phrase}`)])),
      ),
      // It has its place among what Tab reaches in any case; checkers look for it.
      EditorView.contentAttributes.of({
        "aria-label": label,
        "aria-describedby": describedBy,
        tabindex: "0",
      }),
    ],
    [t, label, describedBy],
  );
  const first = useEffectEvent(() => initial);
  useEffect(() => {
    const made = new EditorView({
      parent: place.current as HTMLDivElement,
      state: EditorState.create({
        doc: first(),
        extensions: [
          ...EXTENSIONS,
          words.current.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed(update.state.sliceDoc());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => {
    view.current?.dispatch({ effects: words.current.reconfigure(said) });
  }, [said]);
  useEffect(() => {
    const now = view.current;
    if (now) now.dispatch(setDiagnostics(now.state, diagnosticsOf(now.state, faults)));
  }, [faults]);
  useImperativeHandle(ref, () => ({
    goTo(line) {
      const now = view.current;
      if (!now) return;
      const { from } = now.state.doc.line(Math.min(Math.max(line, 1), now.state.doc.lines));
      now.dispatch({
        selection: { anchor: from },
        effects: EditorView.scrollIntoView(from, { y: "center" }),
      });
      now.focus();
    },
  }));
  return <div ref={place} style={{ height: "100%" }} />;
}

function diagnosticsOf(state: EditorState, faults: readonly LineFault[]): Diagnostic[] {
  return faults.map(({ line, message }) => {
    const { from, to } = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
    return { from, to, severity: "error", message };
  });
}

/** What the editor itself says, as it names it. */
const PHRASES = [
  "Find",
  "Replace",
  "next",
  "previous",
  "all",
  "match case",
  "regexp",
  "by word",
  "replace",
  "replace all",
  "close",
  "current match",
  "on line",
  "replaced match on line $",
  "replaced $ matches",
  "Go to line",
  "go",
  "Selection deleted",
  "Control character",
] as const;

/** In the page's colours of both schemes. */
const COLOURS = HighlightStyle.define([
  { tag: tags.comment, color: "var(--qd-text-2)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--qd-link)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--qd-completed)" },
  { tag: [tags.keyword, tags.atom, tags.bool, tags.number, tags.typeName], color: "var(--qd-unknown)" },
  { tag: [tags.punctuation, tags.separator, tags.meta], color: "var(--qd-text-2)" },
]);

const LOOKS = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--qd-sunken)", color: "var(--qd-text)" },
  // The frame around the editor shows it: gutters and lines would cover it here.
  "&.cm-focused, .cm-content:focus-visible": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--qd-mono)", fontSize: "0.78125rem", lineHeight: "20px" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--qd-text)" },
  ".cm-line": { padding: "0 14px 0 6px" },
  ".cm-cursor": { borderLeftColor: "var(--qd-text)" },
  ".cm-gutters": {
    borderRight: "none",
    backgroundColor: "var(--qd-sunken)",
    color: "var(--qd-text-2)",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--qd-hover)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--qd-running-wash)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--qd-accent-wash)" },
  ".cm-searchMatch": { backgroundColor: "var(--qd-mark)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--qd-mark-current)" },
  ".cm-panels": { backgroundColor: "var(--qd-surface)", color: "var(--qd-text)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--qd-line)" },
  ".cm-button, .cm-textfield": {
    border: "1px solid var(--qd-line-strong)",
    borderRadius: "4px",
    backgroundColor: "var(--qd-surface)",
    backgroundImage: "none",
    color: "var(--qd-text)",
    fontSize: "0.8125rem",
  },
  ".cm-panel.cm-search [name=close]": { color: "var(--qd-text)" },
  ".cm-tooltip": {
    border: "1px solid var(--qd-line-strong)",
    borderRadius: "5px",
    backgroundColor: "var(--qd-raised)",
    color: "var(--qd-text)",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--qd-failed)" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--qd-failed)",
  },
});

const EXTENSIONS = [
  lineNumbers(),
  lintGutter(),
  history(),
  drawSelection(),
  indentOnInput(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSelectionMatches(),
  search({ top: true }),
  yaml(),
  syntaxHighlighting(COLOURS),
  LOOKS,
  keymap.of([...searchKeymap, ...historyKeymap, ...defaultKeymap]),
  EditorState.tabSize.of(8),
];
