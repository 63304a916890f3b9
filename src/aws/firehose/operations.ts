/** Which operations there are: one file each. */
import type { Operation } from './call.ts'
import { createDeliveryStream } from './operations/create-delivery-stream.ts'
import { deleteDeliveryStream } from './operations/delete-delivery-stream.ts'
import { describeDeliveryStream } from './operations/describe-delivery-stream.ts'
import { listDeliveryStreams } from './operations/list-delivery-streams.ts'
import { listTagsForDeliveryStream } from './operations/list-tags-for-delivery-stream.ts'
import { putRecordBatch } from './operations/put-record-batch.ts'
import { putRecord } from './operations/put-record.ts'
import { startDeliveryStreamEncryption } from './operations/start-delivery-stream-encryption.ts'
import { stopDeliveryStreamEncryption } from './operations/stop-delivery-stream-encryption.ts'
import { tagDeliveryStream } from './operations/tag-delivery-stream.ts'
import { untagDeliveryStream } from './operations/untag-delivery-stream.ts'
import { updateDestination } from './operations/update-destination.ts'

const all: readonly Operation[] = [
  createDeliveryStream,
  deleteDeliveryStream,
  describeDeliveryStream,
  listDeliveryStreams,
  listTagsForDeliveryStream,
  putRecordBatch,
  putRecord,
  startDeliveryStreamEncryption,
  stopDeliveryStreamEncryption,
  tagDeliveryStream,
  untagDeliveryStream,
  updateDestination,
]

/** The operations of the service, by name. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  all.map((operation) => [operation.name, operation]),
)
