// A moment as people read it, with the exact one beneath the pointer.
import { useFormat } from "./format";
import { useNow } from "./use-now";

/** Short: the time today, else the date. */
export function Moment({ at }: { at: string | null | undefined }) {
  const format = useFormat();
  if (!at) return <span className="qd-dim">–</span>;
  return (
    <time dateTime={at} title={format.moment(at)}>
      {format.shortMoment(at)}
    </time>
  );
}

/** How long ago; goes on by itself. */
export function Ago({ at }: { at: string }) {
  const format = useFormat();
  const now = useNow();
  return (
    <time dateTime={at} title={format.moment(at)}>
      {format.ago(at, now)}
    </time>
  );
}

interface ElapsedProps {
  from: string | null | undefined;
  /** Missing: still going on. */
  to: string | null | undefined;
}

export function Elapsed({ from, to }: ElapsedProps) {
  const format = useFormat();
  const now = useNow(Boolean(from && !to));
  if (!from) return <span className="qd-dim">–</span>;
  const end = to ? new Date(to).getTime() : now;
  return <span className="qd-num">{format.duration((end - new Date(from).getTime()) / 1000)}</span>;
}
