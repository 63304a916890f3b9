import { describe, expect, it } from 'vitest'
import { CloudWatchMessagesStep } from '../../../src/firehose/processing/cloudwatch-messages.ts'
import { record, textsOf } from './delivery-records.ts'

const step = new CloudWatchMessagesStep()

function payload(messageType: string, ...messages: readonly unknown[]): string {
  return JSON.stringify({
    messageType,
    owner: '123456789012',
    logGroup: 'group',
    logStream: 'stream',
    subscriptionFilters: ['all'],
    logEvents: messages.map((message, id) => ({ id: String(id), timestamp: 1, message })),
  })
}

describe('payloads of CloudWatch Logs', () => {
  it('become their messages, a line each', () => {
    const { records } = step.apply([record(payload('DATA_MESSAGE', 'one', '{"two":2}'), 7)])
    expect(textsOf(records)).toEqual(['one\n{"two":2}\n'])
    expect(records[0]?.arrivedAtMs).toBe(7)
  })

  it('are dropped when they only try the subscription out, or have no messages', () => {
    const { records, dropped } = step.apply([
      record(payload('CONTROL_MESSAGE', 'CWL CONTROL MESSAGE: Checking health of destination Firehose.')),
      record(payload('DATA_MESSAGE')),
    ])
    expect([records, dropped]).toEqual([[], 2])
  })

  it.each([
    '',
    'text',
    'null',
    '[]',
    '{}',
    payload('OTHER', 'x'),
    payload('DATA_MESSAGE', 5),
    '{"messageType":"DATA_MESSAGE"}',
  ])('fail when they are %s', (text) => {
    const { records, failed, dropped } = step.apply([record(text)])
    expect([records.length, dropped]).toEqual([0, 0])
    expect(failed).toMatchObject([{ code: 'CloudWatchLogProcessing.InvalidPayload' }])
  })
})
