import type { ObjectTarget } from '../configuration.ts'
import { channelNameOf } from '../channel-key.ts'
import type { DeliveryStreamState } from '../delivery-stream-state.ts'
import { ChannelNaming } from './channel-naming.ts'
import { ObjectNaming } from './object-naming.ts'

/**
 * Names of the objects that a delivery stream, or a channel, writes to a target.
 *
 * @param randomText text of so many characters; new at each call
 */
export function namingOf(
  target: ObjectTarget,
  { kind, key: { name }, id, versionId }: DeliveryStreamState,
  randomText: (characters: number) => string,
  uuid: () => string,
): ObjectNaming | ChannelNaming {
  return kind === 'channel'
    ? new ChannelNaming(target, { name: channelNameOf(name), id, versionId }, randomText, uuid)
    : new ObjectNaming(target, { name, versionId }, randomText, uuid)
}
