// A process that waits for records of another one; questions/waiting-consumer.ts starts it.
//
//   node follower.js <folder> <records>
import { MillraceError, open, type OpenOptions } from 'millrace'
import type { Heard } from './questions/waiting-consumer.ts'

async function main(folder: string, records: number): Promise<void> {
  // Versions without this option refuse it by name.
  const readOnly = { readOnly: true } as OpenOptions
  const store = await open(folder, readOnly)
  const reader = store.stream('bench').read({ from: 'latest' })
  const lateUs: number[] = []
  const first = reader.next()
  say({ kind: 'ready' })
  for (let record = await first; record.done !== true; record = await reader.next()) {
    const seenAt = process.hrtime.bigint()
    const { data } = record.value
    const putAt = Buffer.from(data.buffer, data.byteOffset, data.byteLength).readBigInt64LE()
    lateUs.push(Number(seenAt - putAt) / 1000)
    if (lateUs.length === records) break
  }
  say({ kind: 'late', lateUs })
  await store.close()
}

function say(what: Heard): void {
  process.send?.(what)
}

const [folder, records] = process.argv.slice(2)
await main(folder as string, Number(records)).catch((error: unknown) => {
  const known = error instanceof MillraceError
  if (!known || !/UNSUPPORTED|UNKNOWN_OPTION|STORE_BUSY/.test(error.code)) throw error
  say({ kind: 'not built', why: error.message })
})
