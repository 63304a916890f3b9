import { invalidArgumentFault } from '../../wire/fault.ts'
import { streamArn } from '../../../streams/stream-arn.ts'
import type { Operation } from '../call.ts'
import { consumerOutput } from '../consumer-target.ts'
import { readStreamToken, writeStreamToken } from '../list-token.ts'
import { requireCreation, streamOfTarget, type StreamTarget } from '../stream-target.ts'

const resultsUsual = 100
const purpose = 'ListStreamConsumers'

interface Input extends StreamTarget {
  readonly StreamARN: string
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly StreamCreationTimestamp?: number
}

/** The consumers of a stream, by name. */
export const listStreamConsumers: Operation = {
  name: 'ListStreamConsumers',
  run(input: Input, call) {
    const { NextToken: token, MaxResults: max = resultsUsual } = input
    if (token !== undefined && input.StreamCreationTimestamp !== undefined) {
      throw invalidArgumentFault('NextToken and StreamCreationTimestamp cannot be provided together.')
    }
    const { stream, core } = streamOfTarget(input, call)
    requireCreation(input.StreamCreationTimestamp, core)
    const listing = token === undefined ? undefined : readStreamToken(purpose, token, call)
    if (listing !== undefined && streamArn(listing.key) !== stream.arn) {
      throw invalidArgumentFault('NextToken is that of another stream.')
    }
    const after = listing === undefined ? '' : String(listing.rest[0])
    const rest = stream.consumers.list().filter(({ name }) => name > after)
    const page = rest.slice(0, max)
    const last = page.at(-1)?.name
    const more = rest.length > page.length && last !== undefined
    return {
      Consumers: page.map(consumerOutput),
      NextToken: more ? writeStreamToken(purpose, core.state, [last], call.nowMs) : undefined,
    }
  },
}
