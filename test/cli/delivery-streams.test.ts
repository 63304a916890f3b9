import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { firehose } from '../../src/firehose/index.ts'
import { open } from '../../src/index.ts'
import type { StoreReport } from '../../src/store-report.ts'
import { millrace, scratchFolder } from './millrace.ts'

/** A store whose delivery streams have a place, a source, or another account. */
async function storeWithDeliveries(): Promise<string> {
  const dir = join(await scratchFolder(), 'data')
  await using store = await open(dir)
  const streams = firehose(store)
  const clicks = await streams.createDeliveryStream('clicks', {
    destination: { kind: 'folder', bucket: 'records' },
  })
  // Only then it has files.
  await clicks.put(Buffer.from('one'))
  await store.createStream('orders')
  await streams.createDeliveryStream('copies', {
    source: { stream: 'orders' },
    destination: { kind: 'http', url: 'https://collector.example/put?token=secret' },
  })
  await streams
    .within({ account: '123456789012', region: 'eu-west-1' })
    .createDeliveryStream('theirs', { destination: { kind: 'folder', bucket: 'records' } })
  return dir
}

describe('delivery streams on the command line', () => {
  it('are listed by inspect, and what was put into one is named as such', async () => {
    const dir = await storeWithDeliveries()
    const { stdout, stderr } = await millrace('inspect', '--dir', dir)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^clicks +Direct PUT +arn:aws:s3:::records$/m)
    expect(stdout).toMatch(/^copies +arn:aws:kinesis:\S+:stream\/orders +https:\/\/collector\.example\/put$/m)
    expect(stdout).toMatch(/^123456789012\/eu-west-1 theirs +Direct PUT/m)
    const internal = 'internal: what was put into the delivery stream clicks'
    expect(stdout).toContain(`\nfirehose:clicks shardId-000000000000, ${internal}  (shards/`)
    expect(stdout).not.toContain('secret')
  })

  it('are part of its JSON, as far as they were asked for', async () => {
    const dir = await storeWithDeliveries()
    const shown = async (...args: string[]) => {
      const { stdout } = await millrace('inspect', '--json', '--dir', dir, ...args)
      return (JSON.parse(stdout) as StoreReport).deliveryStreams
    }
    expect((await shown())?.map(({ name }) => name)).toEqual(['clicks', 'copies', 'theirs'])
    expect(await shown('--account', '123456789012', '--region', 'eu-west-1')).toEqual([
      {
        account: '123456789012',
        region: 'eu-west-1',
        name: 'theirs',
        kind: 'delivery-stream',
        source: 'Direct PUT',
        destination: 'arn:aws:s3:::records',
      },
    ])
    expect(await shown('--stream', 'orders')).toEqual([])
  })

  it('stand below the streams', async () => {
    const dir = await storeWithDeliveries()
    const { stdout } = await millrace('streams', '--dir', dir)
    expect(stdout).toMatch(/^orders .*\n\ndelivery stream +source +destination\nclicks .*\ncopies .*\n$/m)
    const { stdout: json } = await millrace('streams', '--json', '--dir', dir)
    expect((JSON.parse(json) as { name: string }[]).map(({ name }) => name)).toEqual(['orders'])
  })
})
