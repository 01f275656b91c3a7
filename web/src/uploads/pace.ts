// How fast all that is sent comes along, smoothed.
import type { Pace } from "./upload-item";

/** How much a new measurement of the speed counts against what was known. */
const SPEED_WEIGHT = 0.25;

export class PaceMeter {
  private now: Pace = { speed: 0, filesPerSecond: 0 };
  private measuredAt = 0;
  private bytes = 0;
  private files = 0;

  get pace(): Pace {
    return this.now;
  }

  sent(bytes: number): void {
    this.bytes += Math.max(0, bytes);
  }

  finished(): void {
    this.files += 1;
  }

  start(now: number): void {
    this.measuredAt = now;
    this.bytes = 0;
    this.files = 0;
  }

  measure(now: number): void {
    const elapsed = now - this.measuredAt;
    this.now = {
      speed: smoothed(this.now.speed, (this.bytes / elapsed) * 1000),
      filesPerSecond: smoothed(this.now.filesPerSecond, (this.files / elapsed) * 1000),
    };
    this.start(now);
  }

  stop(): void {
    this.now = { speed: 0, filesPerSecond: 0 };
  }
}

export function smoothed(before: number, now: number): number {
  return before === 0 ? now : before + (now - before) * SPEED_WEIGHT;
}
