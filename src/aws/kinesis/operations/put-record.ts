import { parseSequenceNumber } from '../../../streams/sequence-number.ts'
import type { KeylessEntry, PutEntry, Stored } from '../../../streams/put.ts'
import type { StreamCore } from '../../../streams/stream-core.ts'
import { KiB } from '../../../units.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Call, Operation } from '../call.ts'
import { refuseDryRun } from '../dry-run.ts'
import { bytesOfEntry, entryOf, type RecordEntry } from '../record-entry.ts'
import { encryptionOf } from '../encryption.ts'
import { streamToWrite, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget, RecordEntry {
  readonly SequenceNumberForOrdering?: string
  readonly DryRun?: boolean
}

interface Output {
  readonly ShardId: string
  readonly SequenceNumber: string
  readonly EncryptionType: ReturnType<typeof encryptionOf>
}

/** Stores one record. */
export const putRecord: Operation = {
  name: 'PutRecord',
  run(input: Input, call) {
    const { stream, core } = streamToWrite(input, call)
    const bytes = bytesOfEntry(input)
    const entry = entryOf(input, bytes, core, () => '')
    requireOrdering(input, core.state.key.name, call)
    refuseDryRun(input.DryRun)
    const answer = (stored: Stored): Output => {
      call.watcher?.put({ records: 1, stored: 1, storedBytes: bytes, throttled: 0 })
      return {
        ShardId: stored.shardId,
        SequenceNumber: stored.sequenceNumber,
        EncryptionType: encryptionOf(core.state),
      }
    }
    const stored = putDirectly(entry, core)
    if (stored !== undefined) return answer(stored)
    const { partitionKey, data, explicitHashKey } = entry
    const options = explicitHashKey === undefined ? undefined : { explicitHashKey }
    return stream.put(partitionKey, data, options).then(answer)
  },
}

/** Of larger records nobody notices the long way; each stream keeps so much memory for the short one. */
const directBytesMax: number = 4 * KiB

/** What nobody has to wait for is stored within the call; `undefined`: it is to be put. */
function putDirectly(
  { partitionKey, data, explicitHashKey }: PutEntry | KeylessEntry,
  core: StreamCore,
): Stored | undefined {
  core.requireTakesRecords()
  if (data.length > directBytesMax) return undefined
  const { maxRecordBytes } = core.state
  return core.commits.putDirectly({
    partitionKey,
    payload: data,
    hashKey: explicitHashKey,
    recordBytesMax: maxRecordBytes,
  })
}

/** Numbers grow in a shard and in its children, whatever was put before: any number of the past is kept below. */
function requireOrdering(input: Input, name: string, call: Call): void {
  const sequence = input.SequenceNumberForOrdering
  if (sequence === undefined) return
  const fields = parseSequenceNumber(sequence)
  if (fields !== undefined && fields.arrivedAtSeconds * 1000 <= call.nowMs) return
  throw invalidArgumentFault(
    `ExclusiveMinimumSequenceNumber ${sequence} used in PutRecord on stream ${name} under account ` +
      `${call.account} is invalid.`,
  )
}
