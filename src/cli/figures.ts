/** Figures as people read them: digits in groups, bytes in decimal units, times in UTC. Pure. */

/** Digits in groups of three. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** `1 record`, `2,000 records`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Bytes in decimal units with three digits that matter. */
export function bytes(value: number): string {
  let unit = 0
  let scaled = value
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000
    unit += 1
  }
  const digits = unit === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2
  return `${scaled.toFixed(digits)} ${units[unit]}`
}

/** A moment in UTC, to the millisecond. */
export function time(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`
}

/** How long something took. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

/** Retention: days where they are whole, hours otherwise. */
export function hours(value: number): string {
  return value >= 48 && value % 24 === 0 ? counted(value / 24, 'day') : counted(value, 'hour')
}

/** Something per second; nothing for an interval too short to say. */
export function perSecond(value: number, ms: number): number {
  return ms > 0 ? Math.round((value * 1000) / ms) : 0
}
