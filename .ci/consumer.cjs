// The same package by require(): one program, not a second copy.
const assert = require('node:assert/strict')
const millrace = require('millrace')

async function main() {
  const imported = await import('millrace')
  assert.equal(millrace.open, imported.open)
  assert.equal(millrace.MillraceError, imported.MillraceError)

  const store = await millrace.open('memory:')
  const clicks = await store.createStream('clicks', { shards: 1 })
  const { sequenceNumber } = clicks.append('user-42', Buffer.from('hello'))
  for await (const record of clicks.read({ from: 'oldest', until: 'tail' })) {
    assert.equal(record.sequenceNumber, sequenceNumber)
  }
  await store.close()
  console.log('required: appended and read', sequenceNumber)
}

main()
