import { readdirSync, readFileSync } from 'node:fs'

/** How many files and sockets the process may still open; `undefined` where the system does not tell. */
export function descriptorsLeft(): number | undefined {
  try {
    const [, most] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return most === undefined ? undefined : Number(most) - readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}

/**
 * How many connections a server takes at once: half of the descriptors that are left may be theirs. The others are for the
 * store's files, which grow with its shards, and for what is loaded late.
 *
 * @param most where there are enough
 */
export function connectionsWithin(most: number, left: number | undefined = descriptorsLeft()): number {
  return left === undefined ? most : Math.max(1, Math.min(most, Math.floor(left / 2)))
}
