/** Numbers and times as people read them. */

const counts = new Intl.NumberFormat('en')
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** @param {number} value */
export function count(value) {
  return counts.format(Math.round(value))
}

/** @param {number} value */
export function rate(value) {
  if (value === 0) return '0'
  return value < 10
    ? value.toFixed(1)
    : value < 10_000
      ? counts.format(Math.round(value))
      : short.format(value)
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** @param {number} value */
export function bytes(value) {
  let scaled = value
  let unit = 0
  while (scaled >= 1024 && unit < byteUnits.length - 1) {
    scaled /= 1024
    unit += 1
  }
  const digits = unit === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2
  return `${scaled.toFixed(digits)} ${byteUnits[unit]}`
}

/** @param {number} value milliseconds */
export function duration(value) {
  const seconds = Math.max(0, value) / 1000
  if (seconds < 1) return `${Math.round(value)} ms`
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** @param {number} hours */
export function retention(hours) {
  return hours >= 48 && hours % 24 === 0 ? `${hours / 24} d` : `${hours} h`
}

/**
 * Date and time of this machine, to the millisecond.
 *
 * @param {number} atMs
 */
export function moment(atMs) {
  return `${date(atMs)} ${clockTime(atMs)}`
}

/** @param {number} atMs */
export function clockTime(atMs) {
  const at = new Date(atMs)
  const two = twoDigits
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

/** @param {number} atMs */
function date(atMs) {
  const at = new Date(atMs)
  return `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())}`
}

/** @param {number} value */
function twoDigits(value) {
  return String(value).padStart(2, '0')
}

/**
 * The number of a shard without its zeros.
 *
 * @param {string} shardId
 */
export function shortShard(shardId) {
  return `shard ${Number(shardId.slice(shardId.indexOf('-') + 1))}`
}
