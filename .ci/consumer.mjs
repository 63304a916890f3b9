// Run in a project that installed the packed tarball: the README's promise in a dozen lines.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'millrace'
import { awsRequestHandler } from 'millrace/aws'
import { firehose } from 'millrace/firehose'

const folder = await mkdtemp(join(tmpdir(), 'millrace-consumer-'))
const store = await open(join(folder, 'data'))
const clicks = await store.createStream('clicks', { shards: 2 })
clicks.append('user-42', new TextEncoder().encode('first'))
await clicks.put('user-42', new TextEncoder().encode('second'))

const seen = []
for await (const record of clicks.read({ from: 'oldest', until: 'tail' })) {
  seen.push(new TextDecoder().decode(record.data))
}

// What runs in helper threads is loaded from the package: queries and Parquet. Snappy is native, zlib is Node's.
const deliveries = firehose(store, { buckets: join(folder, 'buckets') })
const to = (bucket, more) => ({ destination: { kind: 'folder', bucket, ...more } })
const byPage = await deliveries.createDeliveryStream('by-page', {
  processing: { partitionBy: '{page: .page}' },
  ...to('pages', { prefix: '!{partitionKeyFromQuery:page}/', parquet: { columns: { page: 'string' } } }),
})
const whole = await deliveries.createDeliveryStream('whole', to('whole', { compression: 'Snappy' }))
for (const delivery of [byPage, whole]) {
  await delivery.putBatch(['a', 'b', 'a'].map((page) => Buffer.from(JSON.stringify({ page }))))
  await delivery.flush()
  assert.deepEqual([delivery.stats().failedRecords, delivery.stats().lastError], [0, undefined])
}
assert.deepEqual((await readdir(join(folder, 'buckets', 'pages'))).toSorted(), ['a', 'b'])
assert.match((await readdir(join(folder, 'buckets', 'pages', 'a')))[0], /\.parquet$/)

assert.equal(awsRequestHandler(store).metadata.handlerProtocol, 'h2')
await store.close()
await rm(folder, { recursive: true })
assert.deepEqual(seen, ['first', 'second'])
console.log('imported: appended and read', seen)
