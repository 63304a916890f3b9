import { nameOfChannel } from '../../../firehose/channel-key.ts'
import { inUseFault, invalidArgumentFault, limitFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { type ChannelInput, configurationOf, destinationOf, streamOf } from '../channel/input.ts'
import { channelDescription } from '../channel/output.ts'
import { channelsFrom } from '../channel/target.ts'
import { streamOfTarget } from '../stream-target.ts'
import { tagsOf } from '../tag-output.ts'

/** Begins to deliver from an on-demand stream to S3 or a folder: what arrives once the channel is ACTIVE. */
export const createChannel: Operation = {
  name: 'CreateChannel',
  async run(input: ChannelInput, call) {
    const { account, region } = call
    destinationOf(input)
    const { StreamARN, RecordConfiguration: record } = streamOf(input)
    const stream = streamOfTarget({ StreamARN }, call).stream.describe()
    if (!stream.arn.includes(`:${region}:${account}:`)) {
      throw invalidArgumentFault(`Stream ${StreamARN} is not of the account and region of the channel.`)
    }
    if (stream.mode !== 'ON_DEMAND') {
      throw invalidArgumentFault(
        `Stream ${StreamARN} is PROVISIONED: channels deliver from ON_DEMAND streams only.`,
      )
    }
    if (stream.status === 'CREATING' || stream.status === 'DELETING') {
      throw inUseFault(
        `Stream ${stream.name} under account ${account} not ACTIVE, instead in state ${stream.status}`,
      )
    }
    const fromMs = call.nowMs + call.inside.transitions.creatingMs
    const { configuration, document } = configurationOf(input, fromMs)
    const requireFirst = (): void => {
      if (channelsFrom(stream.arn, { account, region }, call).length === 0) return
      throw limitFault(`Stream ${StreamARN} has a channel to S3 already: it may have one.`)
    }
    requireFirst()
    const key = { account, region, name: nameOfChannel(input.ChannelName) }
    const state = await call.firehose().createDeliveryStream(key, {
      configuration,
      document: { ...document, stream: { arn: stream.arn, createdAtMs: stream.createdAtMs, record } },
      tags: tagsOf(input.Tags ?? new Map()),
      kind: 'channel',
      check: requireFirst,
    })
    return { ChannelDescription: channelDescription(state, call) }
  },
}
