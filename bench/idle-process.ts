// What open shards cost a process that leaves them alone; idle.bench.ts runs it.
//
//   node --expose-gc idle-process.js <folder> <streams> <records a shard>
//
// Creates streams of four shards, appends to each shard, and prints what the process has more than before: a line
// of JSON with bytes of memory, open files and threads.
import { readdirSync, readFileSync } from 'node:fs'
import { open } from 'millrace'

const shards = 4

interface Footprint {
  /** Memory that belongs to the process alone: RssAnon. Bytes. */
  readonly anonymous: number
  /** Pages of files that it has mapped and touched, which are the page cache: RssFile. Bytes. */
  readonly mapped: number
  readonly files: number
  readonly threads: number
}

async function main(folder: string, streams: number, records: number): Promise<void> {
  await using store = await open(folder)
  const warm = await store.createStream('warm', { shards })
  warm.append('key', Buffer.alloc(100))
  const before = footprint()
  for (let index = 0; index < streams; index++) {
    const stream = await store.createStream(`stream-${index}`, { shards })
    for (const { startingHashKey } of stream.shards()) {
      for (let record = 0; record < records; record++) {
        stream.append('key', Buffer.alloc(100), { explicitHashKey: startingHashKey })
      }
    }
  }
  const after = footprint()
  const more = (what: keyof Footprint): number => after[what] - before[what]
  const cost: Footprint = {
    anonymous: more('anonymous'),
    mapped: more('mapped'),
    files: more('files'),
    threads: more('threads'),
  }
  process.stdout.write(`${JSON.stringify(cost)}\n`)
}

function footprint(): Footprint {
  globalThis.gc?.()
  const status = readFileSync('/proc/self/status', 'utf8')
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return {
    anonymous: field('RssAnon') * 1024,
    mapped: field('RssFile') * 1024,
    files: readdirSync('/proc/self/fd').length,
    threads: field('Threads'),
  }
}

const [folder, streams, records] = process.argv.slice(2)
await main(folder as string, Number(streams), Number(records))
