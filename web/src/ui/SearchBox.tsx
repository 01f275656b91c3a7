// A box to narrow a list. Reports once typing rests, or the box is left; Enter while composing Korean is part of the composition.
import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { useDebounced } from "./use-debounced";

interface Props {
  label: string;
  value: string;
  onChange(value: string): void;
  className?: string;
}

export function SearchBox({ label, value, onChange, className }: Props) {
  const [typed, setTyped] = useState(value);
  const settled = useDebounced(typed, 250);
  const report = useRef(onChange);
  report.current = onChange;
  const reported = useRef(value);

  const tell = useCallback((words: string) => {
    if (words === reported.current) return;
    reported.current = words;
    report.current(words);
  }, []);

  useEffect(() => tell(settled), [settled, tell]);

  // The URL changed otherwise: back, or a link.
  useEffect(() => {
    if (value === reported.current) return;
    reported.current = value;
    setTyped(value);
  }, [value]);

  return (
    <TextInput
      className={className}
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={14} aria-hidden />}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      // Who clicks a link before it is reported goes there, and is not called back by it.
      onBlur={() => tell(typed)}
    />
  );
}
