/** Figures as people read them. */

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Decimal megabytes or gigabytes. */
export function bytes(value: number): string {
  return value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(2)} GB`
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Something per second. */
export function rate(value: number, ms: number): number {
  return ms > 0 ? (value * 1000) / ms : 0
}

/** Time of day, UTC, to the millisecond. */
export function timeOfDay(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23)
}
