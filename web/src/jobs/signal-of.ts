// Slurm's own mark for what the kernel killed for memory (SIG_OOM): the state says it.
const OUT_OF_MEMORY = 125;

/** The signal that ended a job or step, if one did. */
export function signalOf({ signal }: { signal?: number | null | undefined }): number | undefined {
  return signal && signal !== OUT_OF_MEMORY ? signal : undefined;
}
