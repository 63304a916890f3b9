import { requireConvertible } from '../configuration/convertible.ts'
import { deliveryStreamArn } from '../../../firehose/delivery-key.ts'
import { createdDestination, deliveryOf } from '../configuration/destination.ts'
import { requireQuery } from '../configuration/query.ts'
import { type SourceMembers, sourceOf } from '../configuration/source.ts'
import type { Operation } from '../call.ts'
import { type DeliveryDocument, documented } from '../document.ts'
import { encryptionOf } from '../encryption-input.ts'
import type { EncryptionInputMembers, TagMembers } from '../members.ts'
import { requireReadable } from '../source-access.ts'
import { tagsOf } from '../tag-members.ts'
import { keyOf, type Target } from '../target.ts'

interface Input extends Target, SourceMembers {
  readonly DeliveryStreamEncryptionConfigurationInput?: EncryptionInputMembers
  readonly Tags?: readonly TagMembers[]
}

/** Creates a delivery stream. */
export const createDeliveryStream: Operation = {
  name: 'CreateDeliveryStream',
  async run(input: Input, call) {
    const key = keyOf(input, call)
    call.watcher?.about(key.name)
    const source = sourceOf(input, call.nowMs)
    const destination = createdDestination(input as unknown as Readonly<Record<string, unknown>>)
    const { account, region } = call
    const delivery = deliveryOf(destination, { tables: call.firehose.options.tables, account, region })
    const { DeliveryStreamEncryptionConfigurationInput: encrypted } = input
    const encryption = encrypted === undefined ? undefined : encryptionOf(source, encrypted)
    requireReadable(source, call)
    await requireQuery(delivery.processing)
    await requireConvertible(delivery)
    const { KinesisStreamSourceConfiguration: kinesisSource, DirectPutSourceConfiguration: direct } = input
    const document: DeliveryDocument = {
      destination: documented(destination),
      ...(kinesisSource === undefined ? {} : { kinesisSource }),
      ...(direct === undefined ? {} : { throughputHintMBs: direct.ThroughputHintInMBs }),
    }
    await call.firehose.createDeliveryStream(key, {
      configuration: { source, ...delivery },
      document,
      tags: tagsOf(input.Tags ?? []),
      encryption,
    })
    return { DeliveryStreamARN: deliveryStreamArn(key) }
  },
}
