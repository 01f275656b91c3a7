// How much of something is used: a bar with its words; and the bar alone, for work in progress.
import classes from "./Meter.module.css";

interface MeterProps {
  label: string;
  /** 0 to 1. */
  value: number;
  /** The figures in words, at the right. */
  words: string;
}

export function Meter({ label, value, words }: MeterProps) {
  return (
    <div className={classes.meter}>
      <div className={classes.line}>
        <span>{label}</span>
        <span className="qd-num">{words}</span>
      </div>
      <Bar label={label} value={value} words={words} />
    </div>
  );
}

interface BarProps {
  label: string;
  /** 0 to 1. */
  value: number;
  words?: string;
  tone?: "accent" | "completed" | "failed" | "waiting";
  thin?: boolean;
}

export function Bar({ label, value, words, tone = "accent", thin }: BarProps) {
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 1000) / 10;
  return (
    <div
      className={thin ? classes.thinBar : classes.bar}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(percent)}
      aria-valuetext={words}
    >
      <div className={classes.fill} data-tone={tone} style={{ width: `${percent}%` }} />
    </div>
  );
}
