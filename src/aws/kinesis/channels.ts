/**
 * Channels deliver from a stream to S3 or to tables in it. Nothing here delivers yet, so none can be created: each
 * operation judges its input as the model says, and then refuses by name.
 */
import { type Fault, invalidArgumentFault, notFoundFault } from '../wire/fault.ts'

/** Where a channel is to deliver to. */
export interface DestinationInput {
  readonly S3DestinationConfiguration?: unknown
  readonly S3TablesDestinationConfiguration?: unknown
}

/** What a channel with such a destination is refused with. */
export function destinationFault(input: DestinationInput): Fault {
  const given = (['S3DestinationConfiguration', 'S3TablesDestinationConfiguration'] as const).filter(
    (member) => input[member] !== undefined,
  )
  const [only] = given
  return only !== undefined && given.length === 1
    ? invalidArgumentFault(`${only} is not supported: millrace does not deliver to it yet.`)
    : invalidArgumentFault(
        'Exactly one of S3DestinationConfiguration and S3TablesDestinationConfiguration must be provided.',
      )
}

export function channelNotFound(arn: string): Fault {
  return notFoundFault(`Channel ${arn} not found.`)
}
