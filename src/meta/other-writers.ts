import { type LogStats, type Offset, Refusal } from '../log/log.ts'
import { ReadBlock } from '../log/read-block.ts'
import type { Command } from './commands.ts'
import { type History, payloadOf } from './replay.ts'

/** Other threads of this process that write the same metadata. */
export interface MetaSharing {
  /** It is known that there are some; once so, for good. They may have come a moment before. */
  readonly shared: boolean
  /** Whether this thread has always been the only one: then it knows all that was written. Cheaper than a look into the log. */
  readonly alone: boolean
  /** Calls `listener` once there are. Answers a function that forgets it. */
  onJoined(listener: () => void): () => void
  /** The right to write, of one thread at a time. False: try again later. */
  takeTurn(): boolean
  giveTurn(): void
}

/** A log of metadata that answers within the call. */
export interface SharedMetaLog {
  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number
  stats(): LogStats
}

/** Bytes and records of one page; a record that is larger makes room for itself. */
const pageBytes = 64 * 1024
const pageRecords = 256

/**
 * Reads what others have written from `next` on into `history`; where that ends, or `undefined` when too much was
 * trimmed: they have summed it up, and it has to be read from the beginning. Tells `changed` of each command.
 *
 * @throws `ERR_MILLRACE_CORRUPT` when it does not follow from the history, and what the log throws
 */
export function readOn(
  log: SharedMetaLog,
  history: History,
  next: Offset,
  changed: (command: Command) => void,
): Offset | undefined {
  if (log.stats().next <= next) return next
  const block = new ReadBlock(pageBytes, pageRecords)
  let from = next
  do {
    const count = log.read(from, pageBytes, pageRecords, block)
    if (count === Refusal.trimmed) return undefined
    for (let index = 0; index < block.count; index++) {
      const command = history.accept(payloadOf(block, index), block.offsets[index] as number)
      if (command !== undefined) changed(command)
    }
    from = block.next
  } while (!block.atTail)
  return from
}
