/** Units that appear in more than one place. */

/** Bytes. */
export const KiB = 1024
/** Bytes. */
export const MiB: number = 1024 * KiB

/** Milliseconds. */
export const secondMs = 1000
/** Milliseconds. */
export const minuteMs: number = 60 * secondMs
/** Milliseconds. */
export const hourMs: number = 60 * minuteMs
