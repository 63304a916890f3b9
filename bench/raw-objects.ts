import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Contender } from './contest.ts'
import { Stopwatch } from './stopwatch.ts'

/** As deliveries do by themselves: so many files are on their way at once, and so much is written at once. */
const filesAtOnce = 4
const chunkBytes = 256 * 1024

/** What a raw loop writes. */
export interface RawWork {
  readonly folder: string
  /** Of which records there are. They are put together outside of the time. */
  readonly lines: readonly Buffer[]
  readonly records: number
  readonly objectBytes: number
}

/** Files of the same bytes, each written under another name, synced, renamed, and its folder synced. */
export function rawFiles(name: string, work: RawWork): Contender {
  const body = bodyOf(work)
  return rawObjects(name, work, async (path, bytes) => {
    const file = await open(path, 'wx')
    try {
      for (let at = 0; at < bytes; at += chunkBytes) {
        await file.write(body, at, Math.min(chunkBytes, bytes - at))
      }
      await file.sync()
    } finally {
      await file.close()
    }
  })
}

/** The same through a stream of zlib at level 1. */
export function rawGzip(name: string, work: RawWork): Contender {
  const body = bodyOf(work)
  return rawObjects(name, work, async (path, bytes) => {
    const file = createWriteStream(path, { flags: 'wx', flush: true })
    await pipeline(
      Readable.from(chunksOf(body, bytes)),
      createGzip({ level: 1, chunkSize: chunkBytes }),
      file,
    )
    if (!file.closed) await once(file, 'close')
  })
}

/** Every line is parsed by itself, and one of its values looked at. */
export function rawParse(name: string, { lines, records }: Pick<RawWork, 'lines' | 'records'>): Contender {
  return {
    name,
    async round() {
      const watch = new Stopwatch()
      let sum = 0
      for (let record = 0; record < records; record++) {
        const line = lines[record % lines.length] as Buffer
        sum += (JSON.parse(line.toString()) as { readonly flight: number }).flight
      }
      const timing = watch.read()
      if (!(sum > 0)) throw new Error('nothing was parsed')
      return timing
    },
  }
}

function rawObjects(
  name: string,
  { folder, records, lines, objectBytes }: RawWork,
  write: (path: string, bytes: number) => Promise<void>,
): Contender {
  const bytes = records * (lines[0] as Buffer).length
  return {
    name,
    async round() {
      await mkdir(folder, { recursive: true })
      const watch = new Stopwatch()
      let next = 0
      const work = async (): Promise<void> => {
        while (next < bytes) {
          const size = Math.min(objectBytes, bytes - next)
          next += size
          const path = join(folder, randomUUID())
          await write(`${path}.part`, size)
          await rename(`${path}.part`, path)
          const parent = await open(folder, 'r')
          await parent.sync()
          await parent.close()
        }
      }
      await Promise.all(Array.from({ length: filesAtOnce }, work))
      const timing = watch.read()
      await rm(folder, { recursive: true })
      return timing
    },
  }
}

/** Of one object: records on end. */
function bodyOf({ lines, objectBytes }: RawWork): Buffer {
  const lineBytes = (lines[0] as Buffer).length
  const count = Math.ceil(objectBytes / lineBytes)
  return Buffer.concat(Array.from({ length: count }, (_, index) => lines[index % lines.length] as Buffer))
}

function* chunksOf(body: Buffer, bytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes; at += chunkBytes) yield body.subarray(at, Math.min(bytes, at + chunkBytes))
}
