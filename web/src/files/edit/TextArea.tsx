// Plain text with line numbers. Tab writes a tab; who moves by the keyboard leaves with Escape, then Tab.
import { type KeyboardEvent, type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import classes from "./edit.module.css";

/** The text lives in the browser's own text area, with its undo: holding a long one twice would make typing slow. */
export interface TextAreaHandle {
  text(): string;
  replace(text: string): void;
  focus(): void;
}

interface Props {
  ref: Ref<TextAreaHandle>;
  /** What it is, for assistive technology. */
  label: string;
  describedBy: string;
  initial: string;
  onChange(text: string): void;
}

/** As in edit.module.css. */
const LINE_HEIGHT = 20;
const PADDING = 8;

export function TextArea({ ref, label, describedBy, initial, onChange }: Props) {
  const area = useRef<HTMLTextAreaElement>(null);
  const leaves = useRef(false);
  const [count, setCount] = useState(() => linesIn(initial));
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(0);
  useImperativeHandle(ref, () => ({
    text: () => area.current?.value ?? "",
    replace(text) {
      if (area.current) area.current.value = text;
      setCount(linesIn(text));
    },
    focus: () => area.current?.focus(),
  }));
  useEffect(() => {
    const element = area.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      leaves.current = true;
      return;
    }
    const isTab = event.key === "Tab" && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (isTab && !leaves.current) {
      event.preventDefault();
      indent(event.currentTarget);
    }
    if (event.key !== "Shift") leaves.current = false;
  };
  const first = Math.floor(Math.max(0, top - PADDING) / LINE_HEIGHT);
  const last = Math.min(count, first + Math.ceil(height / LINE_HEIGHT) + 1);
  return (
    <div className={classes.area}>
      <div
        className={classes.numbers}
        style={{ width: `calc(${String(count).length}ch + 26px)` }}
        aria-hidden
      >
        <div style={{ transform: `translateY(${PADDING + first * LINE_HEIGHT - top}px)` }}>
          {Array.from({ length: Math.max(0, last - first) }, (_, at) => `${first + at + 1}\n`)}
        </div>
      </div>
      <textarea
        ref={area}
        className={classes.text}
        aria-label={label}
        aria-describedby={describedBy}
        defaultValue={initial}
        wrap="off"
        spellCheck={false}
        autoCapitalize="off"
        autoCorrect="off"
        autoComplete="off"
        onChange={({ currentTarget: { value } }) => {
          setCount(linesIn(value));
          onChange(value);
        }}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onKeyDown={onKeyDown}
        onBlur={() => {
          leaves.current = false;
        }}
      />
    </div>
  );
}

/** A tab at the cursor, or one before each of the lines that are selected. */
function indent(area: HTMLTextAreaElement): void {
  const { selectionStart, selectionEnd, value } = area;
  if (!value.slice(selectionStart, selectionEnd).includes("\n")) {
    typed(area, "\t");
    return;
  }
  const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
  area.setSelectionRange(from, selectionEnd);
  const block = value.slice(from, selectionEnd).replace(/^(?=.)/gm, "\t");
  typed(area, block);
  area.setSelectionRange(from, from + block.length);
}

function typed(area: HTMLTextAreaElement, text: string): void {
  // The only way that the browser's undo knows of; it is "deprecated", and everywhere.
  if (document.execCommand("insertText", false, text)) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function linesIn(text: string): number {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
