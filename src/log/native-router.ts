import { invalidArgument } from '../errors.ts'
import type { NativeAddon } from '../native/addon.ts'
import { fromNative } from '../native/failure.ts'
import type { AppendBatch, Router } from './log.ts'

const hashKeyBytes = 16

/** A router whose MD5 and search run in the addon, a whole batch at a time. */
export function createNativeRouter(addon: NativeAddon, starts: readonly bigint[]): Router {
  const native = addon.createRouter(packedStarts(starts))
  return {
    route(
      { bytes, columns }: Pick<AppendBatch, 'bytes' | 'columns'>,
      count: number,
      shardOf: Uint32Array,
    ): void {
      try {
        native.route(bytes, columns, count, shardOf)
      } catch (error) {
        throw fromNative(error)
      }
    },
  }
}

/**
 * Where hash ranges begin, 16 bytes each, big-endian.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` unless they ascend from 0
 */
export function packedStarts(starts: readonly bigint[]): Uint8Array {
  const limit = 1n << 128n
  const ascending = starts.every(
    (start, index) => start < limit && (index === 0 || start > (starts[index - 1] ?? start)),
  )
  if (starts[0] !== 0n || !ascending) {
    throw invalidArgument('starts', starts, 'ascending 128-bit numbers, the first of them 0')
  }
  const bytes = Buffer.alloc(starts.length * hashKeyBytes)
  for (const [index, start] of starts.entries()) {
    bytes.writeBigUInt64BE(start >> 64n, index * hashKeyBytes)
    bytes.writeBigUInt64BE(start & 0xffff_ffff_ffff_ffffn, index * hashKeyBytes + 8)
  }
  return bytes
}
