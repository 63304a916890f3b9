/** Which operations there are: one file each. */
import type { Operation } from './call.ts'
import { createStream } from './operations/create-stream.ts'
import { deleteStream } from './operations/delete-stream.ts'
import { getRecords } from './operations/get-records.ts'
import { getShardIterator } from './operations/get-shard-iterator.ts'
import { putRecord } from './operations/put-record.ts'
import { putRecords } from './operations/put-records.ts'

const all: readonly Operation[] = [
  createStream,
  deleteStream,
  getRecords,
  getShardIterator,
  putRecord,
  putRecords,
]

/** The operations of the service, by name. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  all.map((operation) => [operation.name, operation]),
)
