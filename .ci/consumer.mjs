// Run in a project that installed the packed tarball: the README's promise in a dozen lines.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'millrace'
import { awsRequestHandler } from 'millrace/aws'

const folder = await mkdtemp(join(tmpdir(), 'millrace-consumer-'))
const store = await open(join(folder, 'data'))
const clicks = await store.createStream('clicks', { shards: 2 })
clicks.append('user-42', new TextEncoder().encode('first'))
await clicks.put('user-42', new TextEncoder().encode('second'))

const seen = []
for await (const record of clicks.read({ from: 'oldest', until: 'tail' })) {
  seen.push(new TextDecoder().decode(record.data))
}
assert.equal(awsRequestHandler(store).metadata.handlerProtocol, 'h2')
await store.close()
await rm(folder, { recursive: true })
assert.deepEqual(seen, ['first', 'second'])
console.log('imported: appended and read', seen)
