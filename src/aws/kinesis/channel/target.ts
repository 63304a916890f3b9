import { channelNameOf, isChannelName } from '../../../firehose/channel-key.ts'
import type { DeliveryStreamState } from '../../../firehose/delivery-stream-state.ts'
import { storedStates } from '../../../firehose/stored-states.ts'
import type { StreamKey } from '../../../meta/commands.ts'
import type { AccountKey } from '../../../streams/account.ts'
import { streamArn } from '../../../streams/stream-arn.ts'
import { type Fault, inUseFault, notFoundFault } from '../../wire/fault.ts'
import type { Call } from '../call.ts'
import { channelDocument } from './document.ts'
import type { ChannelTarget } from './members.ts'

const arnPattern = /^arn:aws[^:]*:kinesis:([a-z0-9-]{1,64}):(\d{12}):channel\/([a-zA-Z0-9-]{1,64})$/

/** The channel that an input means. @throws `ResourceNotFoundException` */
export function channelOf({ ChannelARN: arn }: ChannelTarget, call: Call): DeliveryStreamState {
  const [, region, account, id] = arnPattern.exec(arn) ?? []
  if (region === undefined || account === undefined) throw channelNotFound(arn)
  const channel = channelsOf({ account, region }, call).find((state) => state.id === id)
  if (channel === undefined) throw channelNotFound(arn)
  return channel
}

/** Whose channel an ARN names; `undefined` if it is not that of a channel. */
export function accountInChannelArn(arn: string): string | undefined {
  return arnPattern.exec(arn)?.[2]
}

/** The channels of an account in a region, by name. */
export function channelsOf(account: AccountKey, call: Call): readonly DeliveryStreamState[] {
  // Fails if the store is closed.
  call.within(account.account, account.region)
  return storedStates(call.inside.documents, account).filter(
    ({ kind, key }) => kind === 'channel' && isChannelName(key.name),
  )
}

/** Those that deliver from a stream. */
export function channelsFrom(arn: string, account: AccountKey, call: Call): readonly DeliveryStreamState[] {
  return channelsOf(account, call).filter((state) => channelDocument(state).stream.arn === arn)
}

/** A stream that a channel delivers from stays as the channel needs it. @throws `ResourceInUseException` */
export function requireNoChannel(key: StreamKey, call: Call): void {
  const channels = channelsFrom(streamArn(key), key, call)
  const channel = channels.find(({ deletingUntilMs }) => deletingUntilMs === undefined)
  if (channel === undefined) return
  throw inUseFault(
    `Stream ${key.name} under account ${key.account} has the channel ${channelNameOf(channel.key.name)}: delete it first.`,
  )
}

function channelNotFound(arn: string): Fault {
  return notFoundFault(`Channel ${arn} not found.`)
}
