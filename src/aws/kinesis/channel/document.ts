import type { DeliveryStreamState } from '../../../firehose/delivery-stream-state.ts'
import type { DeadLetterConfiguration, LoggingConfiguration, RecordConfiguration } from './members.ts'
import type { StorageConfiguration } from './members.ts'

/** What a channel is told and wants to be told again: the `document` of its state. */
export interface ChannelDocument {
  readonly roleArn: string
  readonly stream: {
    readonly arn: string
    readonly createdAtMs: number
    readonly record: RecordConfiguration
  }
  readonly storage: StorageConfiguration
  readonly freshnessSeconds: number
  readonly deadLetters?: DeadLetterConfiguration | undefined
  readonly logging: LoggingConfiguration
  /** It is UPDATING until then. */
  readonly updatingUntilMs: number
}

/** The document of a channel. */
export function channelDocument({ document }: DeliveryStreamState): ChannelDocument {
  return document as ChannelDocument
}
