import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { readAccountToken, writeAccountToken } from '../list-token.ts'
import { streamSummary } from '../stream-output.ts'

const limitUsual = 100
const purpose = 'ListStreams'

interface Input {
  readonly Limit?: number
  readonly ExclusiveStartStreamName?: string
  readonly NextToken?: string
}

/** The streams of the caller's account and region that the caller may see, by name. */
export const listStreams: Operation = {
  name: 'ListStreams',
  run(input: Input, call) {
    const { Limit: limit = limitUsual, ExclusiveStartStreamName: start, NextToken: token } = input
    if (start !== undefined && token !== undefined) {
      throw invalidArgumentFault('NextToken and ExclusiveStartStreamName cannot be provided together.')
    }
    const after = token === undefined ? start : readAccountToken(purpose, token, call)
    const { sees } = call
    const account = call.within(call.account, call.region)
    const streams =
      sees === undefined
        ? account.listStreams({ exclusiveStartName: after, max: limit + 1 })
        : account.listStreams({ exclusiveStartName: after }).filter(({ name }) => sees(name))
    const page = streams.slice(0, limit)
    const last = page.at(-1)?.name
    const more = streams.length > page.length && last !== undefined
    return {
      StreamNames: page.map(({ name }) => name),
      HasMoreStreams: more,
      NextToken: more ? writeAccountToken(purpose, call, last) : undefined,
      StreamSummaries: page.map(streamSummary),
    }
  },
}
