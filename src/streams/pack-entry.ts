import { invalidArgument } from '../errors.ts'
import { requireOptions } from '../options.ts'
import { type Codec, encodeWith } from './codec.ts'
import { atEntry, type PutEntry, putEntryKeys } from './put.ts'
import type { Staging } from './staging.ts'

/**
 * Packs one entry as a caller handed it in, or throws and packs nothing.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_RECORD_TOO_LARGE`,
 *   `ERR_MILLRACE_CODEC`
 */
export function packEntry<T>(
  staging: Staging,
  entry: PutEntry<T>,
  codec: Codec<T>,
  recordBytesMax: number,
): void {
  checkEntry(entry)
  const payload = encodeWith(codec, entry.data)
  staging.add(entry.partitionKey, payload, entry.explicitHashKey, recordBytesMax)
}

/** Packs all entries; what it throws names the entry that is at fault. */
export function packEntries<T>(
  staging: Staging,
  entries: readonly PutEntry<T>[],
  codec: Codec<T>,
  recordBytesMax: number,
): void {
  let index = 0
  try {
    for (; index < entries.length; index++) {
      packEntry(staging, entries[index] as PutEntry<T>, codec, recordBytesMax)
    }
  } catch (error) {
    throw atEntry(error, index)
  }
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
