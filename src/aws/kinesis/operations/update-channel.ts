import { inUseFault, invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { channelDocument } from '../channel/document.ts'
import { requireFreshness, withFreshness } from '../channel/input.ts'
import type { ChannelTarget, LoggingConfiguration } from '../channel/members.ts'
import { channelDescription, statusOf } from '../channel/output.ts'
import { channelOf } from '../channel/target.ts'

interface Input extends ChannelTarget {
  readonly S3DestinationConfiguration?: { readonly DataFreshnessInSeconds: number }
  readonly S3TablesDestinationConfiguration?: unknown
  readonly LoggingConfiguration?: LoggingConfiguration
}

/** Changes the freshness or the logging of a channel: nothing else can be changed. */
export const updateChannel: Operation = {
  name: 'UpdateChannel',
  async run(input: Input, call) {
    const channel = channelOf(input, call)
    const { S3DestinationConfiguration: s3, LoggingConfiguration: logging } = input
    if (input.S3TablesDestinationConfiguration !== undefined) {
      throw invalidArgumentFault('S3TablesDestinationConfiguration: the channel delivers to S3.')
    }
    if (s3 === undefined && logging === undefined) {
      throw invalidArgumentFault('S3DestinationConfiguration or LoggingConfiguration must be provided.')
    }
    const document = channelDocument(channel)
    const freshnessSeconds = requireFreshness(s3?.DataFreshnessInSeconds ?? document.freshnessSeconds)
    const { status } = statusOf(channel, call)
    if (status !== 'ACTIVE')
      throw inUseFault(`Channel ${input.ChannelARN} not ACTIVE, instead in state ${status}`)
    const updated = await call.firehose().updateDestination(channel.key, {
      versionId: channel.versionId,
      configuration: withFreshness(channel.configuration, freshnessSeconds),
      document: {
        ...document,
        freshnessSeconds,
        logging: logging ?? document.logging,
        updatingUntilMs: call.nowMs + call.inside.transitions.updatingMs,
      },
    })
    return { ChannelDescription: channelDescription(updated, call) }
  },
}
