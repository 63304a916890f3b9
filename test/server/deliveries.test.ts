import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, describe, expect, it } from 'vitest'
import { firehose, type ReceiveFunction } from '../../src/firehose/index.ts'
import { runningFirehose } from '../../src/firehose/firehose.ts'
import { open } from '../../src/open.ts'
import { startServer } from '../../src/server/server.ts'
import { silentLog } from '../../src/server/server-log.ts'
import { testStore } from '../../src/testing/test-store.ts'

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-deliveries-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A receiver that keeps what it is given. */
class Kept {
  readonly texts: string[] = []
  readonly receive: ReceiveFunction = (records) => {
    for (const { data } of records) this.texts.push(Buffer.from(data).toString())
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const never: ReceiveFunction = () => new Promise(() => {})
const atOnce = { buffering: { ms: 0 } }

describe('deliveries of a server', () => {
  it('refuse what they do not know, by name, and leave nothing behind', async () => {
    await using store = await testStore()
    const wrong = (options: object) => startServer(store, { port: 0, firehose: options })
    await expect(wrong({ bucket: 'x' })).rejects.toMatchObject({
      code: 'ERR_MILLRACE_UNKNOWN_OPTION',
      message: expect.stringContaining('bucket') as string,
    })
    await expect(wrong({ onLog: 'x' })).rejects.toThrow('onLog')
    expect(runningFirehose(store)).toBeUndefined()
  })

  it('begin when the server starts, and deliver what it has buffered when it ends', async () => {
    const folder = scratch()
    const store = await open(folder)
    const first = await startServer(store, { port: 0 })
    const clicks = await firehose(store).createDeliveryStream('clicks', {
      destination: { kind: 'folder', bucket: 'clicks' },
    })
    await clicks.put(Buffer.from('one'))
    while (clicks.stats()?.bufferedRecords !== 1) await turn()
    await first.close()
    const objects = readdirSync(join(folder, 'buckets', 'clicks'), { recursive: true })
    expect(objects.filter((path) => String(path).includes('clicks-1-'))).toHaveLength(1)
    expect(runningFirehose(store)).toBeUndefined()
    await store.close()
  })

  it('end within the grace, and nothing is lost', async () => {
    const folder = scratch()
    const store = await open(folder)
    const hanging = await startServer(store, {
      port: 0,
      graceMs: 50,
      firehose: { receivers: { kept: never } },
    })
    const clicks = await firehose(store).createDeliveryStream('clicks', {
      destination: { kind: 'function', name: 'kept' },
      ...atOnce,
    })
    await clicks.putBatch([Buffer.from('one'), Buffer.from('two')])
    const beganMs = performance.now()
    await hanging.close()
    // A delivery alone would try for a minute.
    expect(performance.now() - beganMs).toBeLessThan(5_000)
    await store.close()
    const kept = new Kept()
    const again = await open(folder)
    const server = await startServer(again, { port: 0, firehose: { receivers: { kept: kept.receive } } })
    await firehose(again).deliveryStream('clicks').flush()
    expect(kept.texts).toEqual(['one', 'two'])
    await server.close()
    await again.close()
  })

  it('stay with whoever has begun them', async () => {
    await using store = await testStore()
    const kept = new Kept()
    const streams = firehose(store, { buckets: scratch(), receivers: { kept: kept.receive } })
    const server = await startServer(store, { port: 0 })
    await expect(startServer(store, { port: 0, firehose: {} })).rejects.toThrow('run already')
    await server.close()
    const destination = { kind: 'function', name: 'kept' } as const
    const clicks = await streams.createDeliveryStream('clicks', { destination, ...atOnce })
    await clicks.put(Buffer.from('one'))
    await clicks.flush()
    expect(kept.texts).toEqual(['one'])
  })

  it('end with a server that cannot listen', async () => {
    await using store = await testStore()
    await using other = await testStore()
    await using server = await startServer(store, { port: 0 })
    await expect(startServer(other, { port: server.port })).rejects.toMatchObject({
      code: 'ERR_MILLRACE_ADDRESS',
    })
    expect(runningFirehose(other)).toBeUndefined()
  })

  it('tell the log of the server what goes wrong, and whoever asked for it', async () => {
    await using store = await testStore()
    const said: object[] = []
    const told: string[] = []
    const receivers = {
      picky: () => {
        throw new Error('no room')
      },
    }
    const server = await startServer(store, {
      port: 0,
      graceMs: 0,
      firehose: { buckets: scratch(), receivers, onLog: ({ errorCode }) => void told.push(errorCode) },
      log: { ...silentLog, warn: (facts, message) => void said.push({ ...facts, message }) },
    })
    const destination = { kind: 'function', name: 'picky' } as const
    const clicks = await firehose(store).createDeliveryStream('clicks', { destination, ...atOnce })
    await clicks.put(Buffer.from('one'))
    while (said.length === 0) await turn()
    expect(said).toEqual([
      {
        deliveryStream: 'arn:aws:firehose:us-east-1:000000000000:deliverystream/clicks',
        destination: 'picky',
        error: told[0],
        why: expect.stringContaining('no room') as string,
        message: 'delivery failed',
      },
    ])
    await server.close()
  })
})
