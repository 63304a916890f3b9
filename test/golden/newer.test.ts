import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { open, type ReadOptions, type Stream } from '../../src/index.ts'
import { frameAt, type Frame, Structure } from '../docs/structures.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'
import { pathsIn } from './container.ts'
import { unpackGolden } from './kept.ts'
import { namesOfLogs } from './observe.ts'

const control = new Structure('Control page')
const segmentHeader = new Structure('Segment header')
const newer = { code: 'ERR_MILLRACE_NEWER_FORMAT' }

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

function golden(): string {
  const path = scratch.fresh()
  unpackGolden('v1', 'process', path)
  return path
}

function edit(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path)
  change(bytes)
  writeFileSync(path, bytes)
}

/** Makes the control page of a log one of the next version. */
function raiseControl(log: string): void {
  edit(join(log, 'ctl'), (page) => {
    page.writeUInt32LE(2, control.offsetOf('version'))
    page.writeUInt32LE(control.crcOf(page, 0, 64), control.offsetOf('crc'))
  })
}

/** Makes the first segment of a log one of the next version. */
function raiseSegment(log: string): void {
  edit(firstSegment(log), (file) => {
    file.writeUInt32LE(2, segmentHeader.offsetOf('version'))
    file.writeUInt32LE(segmentHeader.crcOf(file), segmentHeader.offsetOf('crc'))
  })
}

/** Makes the first record of the metadata one of the next version. */
function raiseRecord(log: string): void {
  edit(firstSegment(log), (file) => {
    const frame = frameAt(file, segmentHeader.read(file)['data_offset'] as number) as Frame
    frame.payload.writeUInt8(2, frame.payload.indexOf('format') + 'format'.length)
    file.writeUInt32LE(frame.crc(), frame.at + 4)
  })
}

function firstSegment(log: string): string {
  return join(log, readdirSync(log).find((name) => name.endsWith('.seg')) as string)
}

/** What every file below `root` holds. */
function contents(root: string): Record<string, string> {
  const files = pathsIn(root).filter(({ isFile }) => isFile)
  return Object.fromEntries(
    files.map(({ path }) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex'),
    ]),
  )
}

describe('a store of a newer version', () => {
  it.each([
    ['format', (path: string) => writeFileSync(join(path, 'format'), raisedFormat(path))],
    ['the control page of the metadata', (path: string) => raiseControl(join(path, 'meta'))],
    ['a segment of the metadata', (path: string) => raiseSegment(join(path, 'meta'))],
    ['a record of the metadata', (path: string) => raiseRecord(join(path, 'meta'))],
  ])('is refused and left as it is: %s', async (_, raise) => {
    const path = golden()
    raise(path)
    const before = contents(path)
    await expect(open(path)).rejects.toMatchObject(newer)
    await expect(open(path, { durability: 'commit' })).rejects.toMatchObject(newer)
    await expect(open(path, { readOnly: true })).rejects.toMatchObject(newer)
    expect(contents(path)).toEqual(before)
  })

  it.each([
    ['the control page', raiseControl],
    ['a segment', raiseSegment],
  ])('has shards that are refused and left as they are, beside others: %s', async (_, raise) => {
    const path = golden()
    const names = await namesOfLogs(path)
    const [folder = ''] = [...names].find(([, name]) => name === 'large/shardId-000000000000') ?? []
    const log = join(path, folder)
    raise(log)
    const before = contents(log)
    for (const readOnly of [true, false]) {
      const store = await open(path, { clock: new ManualClock(), ...(readOnly ? { readOnly } : {}) })
      const large = store.stream('large')
      await expect(firstOf(large, { from: 'oldest' })).rejects.toMatchObject(newer)
      // These look at the log within the call, and have nothing to say before `next`.
      await expect(firstOf(large, { from: 'latest' })).rejects.toMatchObject(newer)
      await expect(firstOf(large, { from: 'oldest', until: 'tail' })).rejects.toMatchObject(newer)
      if (!readOnly) {
        await expect(large.put('key', Buffer.from('new'))).rejects.toMatchObject(newer)
        expect(await store.stream('orders').put('key', Buffer.from('new'))).toMatchObject({ ok: true })
      }
      await store.close()
    }
    expect(contents(log)).toEqual(before)
  })
})

/** Not async, so that what `read` itself throws is no rejection. */
function firstOf(stream: Stream, options: ReadOptions): Promise<unknown> {
  return stream.read(options).next()
}

function raisedFormat(path: string): string {
  return readFileSync(join(path, 'format'), 'utf8').replace('version 1', 'version 2')
}
