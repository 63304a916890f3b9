import type { ObjectTarget } from '../../../src/firehose/configuration.ts'
import { ObjectNaming } from '../../../src/firehose/naming/object-naming.ts'

/** A target for objects, with what a test says of it. */
export function target(given: Partial<ObjectTarget> = {}): ObjectTarget {
  return {
    bucket: 'flights',
    prefix: '',
    errorPrefix: '',
    buffering: { bytes: 5 * 1024 * 1024, ms: 300_000 },
    compression: 'UNCOMPRESSED',
    fileExtension: '',
    timeZone: 'UTC',
    ...given,
  }
}

export const uuid = '01234567-89ab-cdef-0123-456789abcdef'

/** Names of a delivery stream `departures`, version 3: random texts are `a`s, then `b`s, and so on. */
export function naming(given: Partial<ObjectTarget> = {}): ObjectNaming {
  let used = 0
  const randomText = (characters: number): string =>
    String.fromCharCode(97 + (used++ % 26)).repeat(characters)
  return new ObjectNaming(target(given), { name: 'departures', versionId: 3 }, randomText, () => uuid)
}
