import type { Operation } from '../call.ts'
import { stateToPutTo } from '../put-target.ts'
import type { Target } from '../target.ts'

interface Input extends Target {
  readonly Record: { readonly Data: Uint8Array }
}

/** Takes one record for delivery. */
export const putRecord: Operation = {
  name: 'PutRecord',
  async run(input: Input, call) {
    const { key, encryption } = stateToPutTo(input, call)
    const { Data: data } = input.Record
    const [outcome] = await call.firehose.put(key, [data])
    if (outcome === undefined) throw new Error('a put of one record has no outcome')
    if (!outcome.ok) throw outcome.error
    call.watcher?.put({ records: 1, stored: 1, storedBytes: data.length, throttled: 0 })
    return { RecordId: outcome.recordId, Encrypted: encryption !== undefined }
  },
}
