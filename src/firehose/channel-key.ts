import type { DeliveryStreamState } from './delivery-stream-state.ts'

/**
 * Channels are kept beside delivery streams, under names that none of those can have: nobody can ask for a colon.
 */
const prefix = 'channel:'

/** A name of a channel: 1 to 128 characters out of `a-z A-Z 0-9 _ . -`. */
const pattern = /^channel:[a-zA-Z0-9_.-]{1,128}$/

/** The name in the `DeliveryKey` of a channel. */
export function nameOfChannel(channelName: string): string {
  return prefix + channelName
}

/** Whether a name in a `DeliveryKey` is that of a channel. */
export function isChannelName(name: string): boolean {
  return pattern.test(name)
}

/** The channel's own name. */
export function channelNameOf(name: string): string {
  return name.slice(prefix.length)
}

/** A channel as AWS names it: by its id (AWS SDK's example of CreateChannel). */
export function channelArn({ key: { account, region }, id }: DeliveryStreamState): string {
  return `arn:aws:kinesis:${region}:${account}:channel/${id}`
}
