import { invalidArgument } from '../errors.ts'
import type { Slot } from './log.ts'

/** A slot of the embedded engine: the name of the log's folder, and its shard's number. */
export interface NativeSlot extends Slot {
  readonly kind: 'native'
  /** 32 hexadecimal digits. */
  readonly id: string
  readonly shard: number
}

/** A slot as it comes back from the metadata. */
export function requireNativeSlot(slot: Slot): NativeSlot {
  const { kind, id, shard } = slot
  const named = typeof id === 'string' && /^[0-9a-f]{32}$/.test(id)
  const numbered = typeof shard === 'number' && Number.isInteger(shard) && shard >= 0 && shard < 2 ** 32
  if (kind !== 'native' || !named || !numbered) throw invalidArgument('slot', slot, 'a slot of this engine')
  return slot as NativeSlot
}
