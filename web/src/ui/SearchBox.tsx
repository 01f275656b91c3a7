// A box to narrow a list. Reports once typing rests; Enter while composing Korean is part of the composition.
import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
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

  useEffect(() => {
    if (settled === reported.current) return;
    reported.current = settled;
    report.current(settled);
  }, [settled]);

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
    />
  );
}
