import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { run } from './program.ts'

const name = 'cli'
const large = `${'x'.repeat(699_999)}\n`

/** The life of a delivery stream from a shell. */
export async function deliveryFromAShell(aws: string, endpoint: string, buckets: string): Promise<void> {
  const call = async (operation: string, ...args: string[]): Promise<Record<string, unknown>> => {
    const options = ['--endpoint-url', endpoint, '--output', 'json']
    const text = await run(aws, [...options, 'firehose', operation, ...args])
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
  const on = (operation: string, ...args: string[]) =>
    call(operation, '--delivery-stream-name', name, ...args)
  const role = 'arn:aws:iam::000000000000:role/x'
  const destination = `RoleARN=${role},BucketARN=arn:aws:s3:::shell,BufferingHints={SizeInMBs=1,IntervalInSeconds=900}`
  await on('create-delivery-stream', '--extended-s3-destination-configuration', destination)
  expect(await call('list-delivery-streams')).toMatchObject({ DeliveryStreamNames: [name] })
  expect(await on('describe-delivery-stream')).toMatchObject({
    DeliveryStreamDescription: { DeliveryStreamStatus: 'ACTIVE', VersionId: '1' },
  })
  const { RecordId } = await on('put-record', '--record', JSON.stringify({ Data: base64('one\n') }))
  expect(RecordId).toMatch(/./)
  // Two large ones fill the buffer: botocore lets nobody ask for less than a minute.
  const batch = ['two\n', 'three\n', large, large].map((text) => ({ Data: base64(text) }))
  const file = join(buckets, 'batch.json')
  writeFileSync(file, JSON.stringify(batch))
  expect(await on('put-record-batch', '--records', `file://${file}`)).toMatchObject({ FailedPutCount: 0 })
  const delivered = (): void =>
    expect(linesIn(join(buckets, 'shell'))).toEqual(expect.arrayContaining(['one', 'two', 'three']))
  await vi.waitFor(delivered, 20_000)
  await on('delete-delivery-stream')
  expect(await call('list-delivery-streams')).toMatchObject({ DeliveryStreamNames: [] })
}

/** Lines of all objects of a bucket, in order. */
function linesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true })
    .map((path) => join(folder, String(path)))
    .filter((path) => statSync(path).isFile())
    .flatMap((path) => readFileSync(path, 'utf8').trimEnd().split('\n'))
    .toSorted()
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
