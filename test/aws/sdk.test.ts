import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  ListStreamsCommand,
  paginateListStreams,
  PutRecordCommand,
  waitUntilStreamExists,
  waitUntilStreamNotExists,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { awsRequestHandler } from '../../src/aws/index.ts'
import type { Store } from '../../src/streams/store.ts'
import { Fault } from '../../src/aws/wire/fault.ts'
import { bytesOf, openRig } from './rig.ts'

const StreamName = 's'

describe('what the SDK brings, over a handler without a socket', () => {
  it('[R] client: paginators', async () => {
    const { client } = await openRig()
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 }))
    }
    const pages: (readonly string[])[] = []
    for await (const page of paginateListStreams({ client, pageSize: 2 }, {}))
      pages.push(page.StreamNames ?? [])
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  it('[R] client: waiters', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    const waiting = { client, minDelay: 1, maxDelay: 1, maxWaitTime: 10 }
    expect(await waitUntilStreamExists(waiting, { StreamName })).toMatchObject({ state: 'SUCCESS' })
    await client.send(new DeleteStreamCommand({ StreamName }))
    expect(await waitUntilStreamNotExists(waiting, { StreamName })).toMatchObject({ state: 'SUCCESS' })
  })

  it.each([
    ['InternalFailureException', 500],
    ['ProvisionedThroughputExceededException', 400],
    ['LimitExceededException', 400],
  ])('[R] client: retries, for failures and throttling: %s', async (type, status) => {
    let failures = 2
    const { client } = await openRig({
      client: { maxAttempts: 3, retryStrategy: impatient },
      intercept: async (_call, proceed) => {
        if (failures-- > 0) throw new Fault(type, 'for the test', { status })
        return proceed()
      },
    })
    const { $metadata } = await client.send(new ListStreamsCommand({}))
    expect($metadata.attempts).toBe(3)
  })

  it('[R] client: an abort before and while it waits', async () => {
    let proceeded = 0
    const { client } = await openRig({
      intercept: async (_call, proceed) => {
        proceeded += 1
        await new Promise(() => {})
        return proceed()
      },
    })
    const controller = new AbortController()
    const waiting = client.send(new ListStreamsCommand({}), { abortSignal: controller.signal })
    await expect.poll(() => proceeded).toBe(1)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    await expect(
      client.send(new ListStreamsCommand({}), { abortSignal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' })
    expect(proceeded).toBe(1)
  })

  it('[R] client: a timeout, on the clock of the store', async () => {
    const { client, clock } = await openRig({ intercept: () => new Promise(() => {}) })
    const waiting = client.send(new ListStreamsCommand({}), { requestTimeout: 1000 })
    const failed = expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect.poll(() => clock.pending).toBeGreaterThan(0)
    await clock.advance(1000)
    await failed
  })

  it('[R] client: destroy, and others of the same handler go on', async () => {
    const { client, connect } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    client.destroy()
    await expect(connect().send(new DescribeStreamCommand({ StreamName }))).resolves.toBeDefined()
  })

  it('[M] client: errors are those of the SDK, with their request', async () => {
    const { client } = await openRig()
    const failed = client.send(new PutRecordCommand({ StreamName, PartitionKey: 'a', Data: bytesOf('x') }))
    await expect(failed).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $fault: 'client',
      $metadata: { httpStatusCode: 400, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    })
  })

  it('is made for a store, and for nothing else', () => {
    expect(() => awsRequestHandler({} as Store)).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' }),
    )
  })

  it('a store that was closed is a failure of the service, and says so', async () => {
    const { client, store } = await openRig()
    await store.close()
    await expect(client.send(new ListStreamsCommand({}))).rejects.toMatchObject({
      name: 'InternalFailureException',
      message: expect.stringContaining('ERR_MILLRACE_CLOSED'),
    })
  })
})

/** Retries at once: the SDK waits on the system's clock. */
const impatient = {
  async acquireInitialRetryToken() {
    return { getRetryCount: () => 0, getRetryDelay: () => 0 }
  },
  async refreshRetryTokenForRetry(token: { getRetryCount(): number }, error: { errorType: string }) {
    if (error.errorType === 'CLIENT_ERROR' || token.getRetryCount() >= 2) throw new Error('no more retries')
    return { getRetryCount: () => token.getRetryCount() + 1, getRetryDelay: () => 0 }
  },
  recordSuccess() {},
}
