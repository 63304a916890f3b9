import { invalidArgument } from '../errors.ts'
import { requireOptions } from '../options.ts'
import { type Codec, encodeWith } from './codec.ts'
import { type absentKey, partitionKeyCodePointsMax } from './partition-key.ts'
import { atEntry, type KeylessEntry, type PutEntry, putEntryKeys } from './put.ts'
import { MiB } from '../units.ts'
import type { Staging } from './staging.ts'

/** Longer texts are not made: strings have a limit, and so have batches. */
const keysTextMax: number = 64 * MiB

/**
 * Packs one entry as a caller handed it in, or throws and packs nothing.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_RECORD_TOO_LARGE`,
 *   `ERR_MILLRACE_CODEC`
 * @param keyless stands for the partition key of an entry without one, where there may be such entries
 */
export function packEntry<T>(
  staging: Staging,
  entry: PutEntry<T> | KeylessEntry<T>,
  codec: Codec<T>,
  recordBytesMax: number,
  keyless: typeof absentKey | undefined,
): void {
  checkEntry(entry)
  const payload = encodeWith(codec, entry.data)
  const key = entry.partitionKey === undefined ? keyless : entry.partitionKey
  staging.add(key, payload, entry.explicitHashKey, recordBytesMax)
}

/** Packs all entries; what it throws names the entry that is at fault. */
export function packEntries<T>(
  staging: Staging,
  entries: readonly (PutEntry<T> | KeylessEntry<T>)[],
  codec: Codec<T>,
  recordBytesMax: number,
  keyless: typeof absentKey | undefined,
): void {
  // What user code does to the list meanwhile, in a codec or a getter, is not this batch's business.
  const taken = [...entries]
  const keys = plainKeys(taken)
  const keysAt = keys && staging.writeKeys(keys.text)
  let index = 0
  try {
    if (keysAt === undefined) {
      for (; index < taken.length; index++) {
        packEntry(staging, taken[index] as PutEntry<T>, codec, recordBytesMax, keyless)
      }
      return
    }
    for (let keyAt = keysAt; index < taken.length; index++) {
      const entry = taken[index] as PutEntry<T>
      checkEntry(entry)
      const payload = encodeWith(codec, entry.data)
      const keyBytes = (keys as PlainKeys).lengths[index] as number
      staging.addKeyed(keyAt, keyBytes, payload, entry.explicitHashKey, recordBytesMax)
      keyAt += keyBytes
    }
  } catch (error) {
    throw atEntry(error, index)
  }
}

/** The partition keys of many entries in one text. */
interface PlainKeys {
  readonly text: string
  readonly lengths: Uint16Array
}

/** `undefined` where a key wants a closer look, if only to say what is wrong with it; and where they are too many. */
function plainKeys(entries: readonly unknown[]): PlainKeys | undefined {
  let text = ''
  const lengths = new Uint16Array(entries.length)
  for (let index = 0; index < entries.length; index++) {
    const key = (entries[index] as PutEntry | null | undefined)?.partitionKey as unknown
    if (typeof key !== 'string' || key.length === 0 || key.length > partitionKeyCodePointsMax)
      return undefined
    if (text.length > keysTextMax) return undefined
    text += key
    lengths[index] = key.length
  }
  return { text, lengths }
}

/** Refuses what is no entry, and names a misspelt key: it would silently change where a record goes. */
function checkEntry(entry: unknown): void {
  if (typeof entry !== 'object' || entry === null) throw invalidArgument('entry', entry, 'an object')
  for (const key in entry) {
    if (key !== 'partitionKey' && key !== 'data' && key !== 'explicitHashKey') {
      requireOptions('entry', entry, putEntryKeys)
    }
  }
}
