import { crc32 } from 'node:zlib'

/** The CRC-32 of each partition key seen so far; there are a few hundred airports. */
const keyChecksums = new Map<string, number>()

/** A record's fingerprint: the CRC-32 of its partition key and data, one after the other. */
export function fingerprint(partitionKey: string, data: string | Uint8Array): number {
  let keyChecksum = keyChecksums.get(partitionKey)
  if (keyChecksum === undefined) keyChecksums.set(partitionKey, (keyChecksum = crc32(partitionKey)))
  return crc32(data, keyChecksum)
}

/** The chain of no record. */
export const emptyChain = 0x811c9dc5

/** Adds a record to a chain of records: the result depends on every fingerprint and on their order. */
export function extendChain(chain: number, recordFingerprint: number): number {
  return Math.imul(((chain << 5) | (chain >>> 27)) ^ recordFingerprint, 0x9e3779b1) >>> 0
}
