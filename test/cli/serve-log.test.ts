import { PutRecordCommand } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { LimitWarnings } from '../../src/cli/limit-warnings.ts'
import { readable } from '../../src/cli/server-log.ts'
import type { LimitEvent } from '../../src/index.ts'
import { sdkClient, serving } from '../server/serving.ts'

async function ended(
  ...args: string[]
): Promise<{ stdout: string; log: readonly Readonly<Record<string, unknown>>[]; stderr: string }> {
  const server = await serving('--memory', '--stream', 'clicks:1', ...args)
  const client = sdkClient(server.endpoint)
  const Data = Buffer.from('the-content-of-a-record')
  await client.send(new PutRecordCommand({ StreamName: 'clicks', PartitionKey: 'a-key', Data }))
  await client
    .send(new PutRecordCommand({ StreamName: 'none', PartitionKey: 'a-key', Data }))
    .catch(() => undefined)
  server.child.kill('SIGTERM')
  const { stdout } = await server.ended
  return { stdout, log: server.log(), stderr: server.stderr() }
}

describe('the log of serve', () => {
  it('has a line for its start and for its end, on standard error; standard output has one line', async () => {
    const { stdout, log } = await ended()
    expect(log.map(({ level, msg }) => [level, msg])).toEqual([
      [30, 'ready'],
      [30, 'ending'],
      [30, 'ended: the store is closed'],
    ])
    expect(log[0]).toMatchObject({ endpoint: expect.stringMatching(/^http:/), store: 'memory' })
    expect(log[1]).toMatchObject({ why: 'ended by SIGTERM' })
    expect(stdout.trim().split('\n')).toHaveLength(1)
  })

  it('tells of requests where it is asked to, and never what they held', async () => {
    const { log, stderr } = await ended('--log-level', 'debug')
    const requests = log.filter(({ msg }) => msg === 'request')
    expect(requests).toMatchObject([
      { level: 20, operation: 'PutRecord', stream: 'clicks', status: 200, http: '2' },
      { operation: 'PutRecord', status: 400, fault: 'ResourceNotFoundException' },
    ])
    expect(stderr).not.toMatch(/AWS4-HMAC|Signature|a-secret|a-key|content-of|dGhlLWNvbnRlbnQ/)
  })

  it('says nothing where it is to be silent', async () => {
    expect((await ended('--log-level', 'silent')).stderr).toBe('')
  })

  it('reads well on a terminal', () => {
    const line = JSON.stringify({
      level: 40,
      time: '2026-01-02T03:04:05.678Z',
      name: 'millrace',
      pid: 1,
      limit: 'write-bytes',
      times: 3,
      msg: 'too much',
    })
    expect(readable(line)).toBe('03:04:05.678 warn  too much limit=write-bytes times=3\n')
  })
})

describe('warnings of limits', () => {
  const event = {
    limit: 'write-bytes',
    operation: 'put',
    refused: false,
    records: 2,
    bytes: 10,
  } as LimitEvent

  it('are one line for each limit and stream, however often they are met', () => {
    const told: unknown[] = []
    const warnings = new LimitWarnings((facts, message) => told.push([facts, message]))
    for (let index = 0; index < 1_000; index++) warnings.add({ ...event, streamName: `s${index % 2}` })
    warnings.flush()
    warnings.flush()
    const facts = { limit: 'write-bytes', operation: 'put', refused: false, times: 1_000, bytes: 5_000 }
    const message = 'AWS would have refused calls or records'
    expect(told).toEqual([
      [{ ...facts, stream: 's0' }, message],
      [{ ...facts, stream: 's1' }, message],
    ])
  })

  it('do not grow with the streams that clients make', () => {
    const told: unknown[] = []
    const warnings = new LimitWarnings((facts) => told.push(facts))
    for (let index = 0; index < 1_000; index++) warnings.add({ ...event, streamName: `s${index}` })
    warnings.flush()
    expect(told).toHaveLength(51)
  })
})
