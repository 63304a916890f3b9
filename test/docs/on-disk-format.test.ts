import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Unpackr } from 'msgpackr'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyState } from '../../src/meta/apply.ts'
import { open } from '../../src/open.ts'
import {
  beginReshard,
  createStream,
  deleteStream,
  dropShards,
  finishReshard,
  openMeta,
  setAccount,
  setConsumers,
  setDocument,
  changeConsumers,
  setRetention,
  setSettings,
} from '../meta/history.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { crc32c } from './crc32c.ts'
import { fencesOf, plain, tableUnder } from './markdown.ts'
import { pageAt } from './pages.ts'
import { type Fields, type Frame, frameAt, framesOf, partAt, Structure, valuesOf } from './structures.ts'

const page = pageAt('docs/on-disk-format.md').text
const newYear2026Ms = Date.UTC(2026, 0, 1)
const control = new Structure('Control page')
const segmentHeader = new Structure('Segment header')
const seal = new Structure('Seal')
const indexSlot = new Structure('Index slot')
const frameTypes = valuesOf('Frame types')

/** The magic number that a structure's row names. */
function magicOf(heading: string): string {
  return plain(tableUnder(page, heading).rows.find(({ field }) => field === 'magic')?.['meaning'] ?? '')
}

async function segmentNames(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => /^\d{20}\.seg$/.test(name)).toSorted()
}

describe('the example record', () => {
  const rows = tableUnder(page, 'One record, byte for byte').rows
  const file = Buffer.alloc(0x10_3000)
  for (const line of fencesOf(page)
    .find(({ language }) => language === 'hexdump')
    ?.text.split('\n') ?? []) {
    const [, at, bytes = ''] = /^([0-9a-f]{8}) {2}((?:[0-9a-f]{2} {1,2}){16})\|/.exec(line) ?? []
    if (at !== undefined) Buffer.from(bytes.replaceAll(' ', ''), 'hex').copy(file, Number(`0x${at}`))
  }

  it('stands behind a header that is whole', () => {
    const header = segmentHeader.read(file)
    expect(header['magic']).toBe(magicOf('Segment header'))
    expect(header['crc']).toBe(segmentHeader.crcOf(file))
    expect(header['file_bytes']).toBe(file.length)
  })

  it('has the checksum that the page says how to compute', () => {
    const frame = frameAt(file, 0x3000)
    expect(frame?.crc()).toBe(frame?.head['crc'])
  })

  it('is what the table beside it says, byte by byte', () => {
    const frame = frameAt(file, 0x3000) as Frame
    const carried: Record<string, string> = { key: frame.key, payload: frame.payload.toString(), zeros: '' }
    let end = 0x3000
    for (const { offset, bytes, field = '', value = '' } of rows) {
      expect(Number(offset)).toBe(end)
      const raw = file.subarray(end, end + Number(bytes))
      end += raw.length
      if (field in carried) expect(plain(value)).toBe(carried[field])
      else expect(Number(value)).toBe(frame.head[field])
      if (field === 'zeros') expect(raw.every((byte) => byte === 0)).toBe(true)
      if (field === 'key' || field === 'payload') expect(raw.toString()).toBe(carried[field])
    }
    expect(end).toBe(0x3000 + frame.stride)
  })
})

describe('a store of the engine, read with the tables of the page', () => {
  const payload = Buffer.alloc(64 * 1024, 'x')
  const records = 24
  const inFirst = 16 // a small record and fifteen of the large ones leave no room for another
  let folder = ''
  let log = ''
  const segments: Buffer[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-format-'))
    const store = await open(folder, { clock: new ManualClock(newYear2026Ms) })
    const stream = await store.createStream('clicks')
    stream.append('küchen', Buffer.from('small'), { explicitHashKey: '258' })
    for (let record = 1; record < records; record++) stream.append('user-42', payload)
    await store.close()
    const [shard = ''] = await readdir(join(folder, 'shards'))
    log = join(folder, 'shards', shard)
    for (const name of await segmentNames(log)) segments.push(await readFile(join(log, name)))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  function recordFrames(): Frame[] {
    return segments.flatMap(framesOf).filter(({ head }) => head['type'] === frameTypes['data'])
  }
  /** What the frames of a segment are, by the names of their types. */
  function typesIn(segment: number): (string | undefined)[] {
    const names = Object.entries(frameTypes)
    return framesOf(segments[segment] as Buffer).map(
      ({ head }) => names.find(([, value]) => value === head['type'])?.[0],
    )
  }

  it('has the files that the page lists', async () => {
    expect((await readdir(folder)).toSorted()).toEqual(['format', 'lock', 'meta', 'shards'])
    const expected = ['00000000000000000001.seg', '00000000000000000017.seg', 'ctl', 'wake']
    expect((await readdir(log)).toSorted()).toEqual(expected)
    expect(log).toMatch(/\/[0-9a-f]{32}$/)
  })

  it('has the text in `format` that the page shows, but for the uuid', async () => {
    const shown = fencesOf(page).find(({ text }) => text.startsWith('millrace store'))?.text ?? ''
    const hex = /[0-9a-f]{32}/
    const text = await readFile(join(folder, 'format'), 'utf8')
    expect(text).toMatch(hex)
    expect(text.replace(hex, '')).toBe(shown.replace(hex, ''))
  })

  it('has a control page whose marks agree with the frames', async () => {
    const file = await readFile(join(log, 'ctl'))
    expect(file.length).toBe(4096)
    const words = control.read(file)
    const position = recordFrames().reduce((sum, { stride }) => sum + stride, 0)
    expect(words).toMatchObject({
      magic: magicOf('Control page'),
      version: 1,
      crc: control.crcOf(file, 0, 64),
      shard: 0,
      writer_epoch: 1,
      state: valuesOf('States')['closed'],
      committed: position,
      durable: position,
      indexed: position,
      trim_sequence: 0,
      first_segment: 0,
      active_segment: inFirst + 1,
    })
    expect(Buffer.from(words['uuid'] as Uint8Array).toString('hex')).toBe(log.slice(-32))
    expect(words['reserved_sequence']).toBeGreaterThan(records)
    expect(file.subarray(control.bytes).every((byte) => byte === 0)).toBe(true)
  })

  it('has segments whose headers chain', () => {
    const [first, second] = segments.map((file) => segmentHeader.read(file)) as [Fields, Fields]
    const common = { magic: magicOf('Segment header'), version: 1, shard: 0, grid_bytes: 16_384, reserved: 0 }
    expect(first).toMatchObject({
      ...common,
      ordinal: 0,
      base_sequence: 1,
      base_position: 0,
      created_ms: newYear2026Ms,
      index_slots: 64,
      previous_sequence: 0,
      previous_arrival_ms: 0,
    })
    expect(second).toMatchObject({
      ...common,
      ordinal: 1,
      base_sequence: inFirst + 1,
      index_slots: 256,
      previous_sequence: inFirst,
      previous_arrival_ms: newYear2026Ms,
    })
    for (const [index, file] of segments.entries()) {
      const header = [first, second][index] as Fields
      const slots = header['index_slots'] as number
      const dataOffset = Math.ceil((partAt('index') + indexSlot.bytes * slots) / 4096) * 4096
      expect(header['crc']).toBe(segmentHeader.crcOf(file))
      expect(header['data_offset']).toBe(dataOffset)
      expect(header['file_bytes']).toBe(dataOffset + 16_384 * slots)
      expect(file.length).toBe(header['file_bytes'])
    }
  })

  it('has every record in a frame with the checksum that the page says', () => {
    const frames = recordFrames()
    expect(frames.map(({ head }) => head['sequence'])).toEqual(
      Array.from({ length: records }, (_, i) => i + 1),
    )
    for (const { head, crc } of segments.flatMap(framesOf)) {
      expect(head).toMatchObject({ crc: crc(), arrival_ms: newYear2026Ms, epoch: 1, reserved: 0 })
    }
    const [first, second] = frames as [Frame, Frame]
    expect(first).toMatchObject({ key: 'küchen', payload: Buffer.from('small') })
    expect(first.hashKey?.toString('hex')).toBe('00000000000000000000000000000102')
    expect(second).toMatchObject({ key: 'user-42', payload, hashKey: undefined })
  })

  it('ends a full segment with a pad and seals it', () => {
    const [file] = segments as [Buffer]
    expect(typesIn(0)).toEqual([...Array<string>(inFirst).fill('data'), 'pad'])
    expect(typesIn(1)).toEqual(Array<string>(records - inFirst).fill('data'))
    const at = partAt('seal')
    const pad = framesOf(file).at(-1)
    const dataOffset = segmentHeader.read(file)['data_offset'] as number
    const payloads = framesOf(file).slice(0, -1)
    expect(seal.read(file, at)).toMatchObject({
      magic: magicOf('Seal'),
      crc: seal.crcOf(file, at),
      reason: valuesOf('Reasons')['size'],
      first_arrival_ms: newYear2026Ms,
      last_arrival_ms: newYear2026Ms,
      last_sequence: inFirst,
      data_end: pad?.at,
      records: inFirst,
      payload_bytes: payloads.reduce((sum, frame) => sum + frame.payload.length, 0),
      epoch: 1,
      index_crc: crc32c(file.subarray(partAt('summary'), dataOffset)),
    })
    expect(pad?.head['sequence']).toBe(inFirst + 1)
    expect(segments[1]?.subarray(at, at + seal.bytes).every((byte) => byte === 0)).toBe(true)
  })

  it('lists its writer', () => {
    const epochs = new Structure('Epoch list')
    for (const file of segments) {
      const at = partAt('epoch list')
      expect(epochs.read(file, at)).toEqual({ epoch: 1, offset: segmentHeader.read(file)['data_offset'] })
      expect(epochs.read(file, at + epochs.bytes)).toEqual({ epoch: 0, offset: 0 })
    }
  })

  it('indexes the first frame of each 16 KiB, and sums that up', () => {
    for (const [number, file] of segments.entries()) {
      const header = segmentHeader.read(file)
      const slots = header['index_slots'] as number
      const dataOffset = header['data_offset'] as number
      const wanted = Array.from({ length: slots }, () => ({ offset: 0, sequence_delta: 0, arrival_ms: 0 }))
      for (const { at, head } of framesOf(file)) {
        const cell = Math.floor((at - dataOffset) / 16_384)
        if (cell === 0 || wanted[cell]?.offset !== 0 || head['type'] !== frameTypes['data']) continue
        const delta = (head['sequence'] as number) - (header['base_sequence'] as number)
        wanted[cell] = { offset: at, sequence_delta: delta, arrival_ms: head['arrival_ms'] as number }
      }
      const slot = (from: number, i: number): Fields => indexSlot.read(file, from + i * indexSlot.bytes)
      expect(Array.from({ length: slots }, (_, i) => slot(partAt('index'), i))).toEqual(wanted)
      const summary = Array.from({ length: 256 }, (_, i) => slot(partAt('summary'), i))
      const expected = Array.from({ length: 256 }, (_, i) => wanted[Math.floor((i * slots) / 256)])
      const sealed = number === 0
      expect(summary).toEqual(sealed ? expected : expected.map(() => wanted[0]))
    }
  })

  it('keeps its metadata in a log of the same kind', async () => {
    const [name = ''] = await segmentNames(join(folder, 'meta'))
    const file = await readFile(join(folder, 'meta', name))
    const uuid = Buffer.from(segmentHeader.read(file)['uuid'] as Uint8Array).toString('hex')
    expect(await readFile(join(folder, 'format'), 'utf8')).toContain(uuid)
    const [record] = framesOf(file)
    expect(record?.key).toBe('')
    expect(unpacked(record?.payload)).toMatchObject({ format: 1, kind: 'command', ordinal: 1 })
  })
})

function unpacked(bytes: Uint8Array = new Uint8Array()): Record<string, unknown> {
  return new Unpackr({ useRecords: false, mapsAsObjects: true }).unpack(bytes) as Record<string, unknown>
}

/** The names of a cell that lists fields. */
function fieldsOf(cell = ''): string[] {
  return cell.split(', ').toSorted()
}

describe('records of the metadata', () => {
  const kinds = tableUnder(page, 'Metadata records').rows
  const commands = tableUnder(page, 'Commands').rows

  it('have the kinds and fields that the page lists', async () => {
    const { meta, disk } = await openMeta(undefined, { snapshotCommands: 2 })
    await meta.propose(createStream('a'))
    await meta.propose(createStream('b'))
    await meta.propose(createStream('c'))
    await meta.close()
    const found = new Map(disk.meta.records.map(({ data }) => [unpacked(data)['kind'], unpacked(data)]))
    expect([...found.keys()].toSorted()).toEqual(kinds.map(({ kind }) => kind).toSorted())
    for (const { kind, fields } of kinds) {
      const { kind: _, format, ...rest } = found.get(kind) ?? {}
      expect(format).toBe(1)
      expect(Object.keys(rest).toSorted()).toEqual(fieldsOf(fields))
    }
  })

  it('have the commands and fields that the page lists', () => {
    const made = [
      createStream('a'),
      deleteStream(emptyState, 'a'),
      setRetention(emptyState, 'a', 48),
      beginReshard(emptyState, 'a', 2),
      finishReshard(emptyState, 'a', 1),
      dropShards(emptyState, 'a', [0]),
      setSettings(emptyState, 'a', {}),
      setConsumers(emptyState, 'a', []),
      changeConsumers(emptyState, 'a', [], []),
      setAccount(emptyState, 'us-east-1', {}),
      setDocument(emptyState, 'layer/a', {}),
      setDocument(emptyState, 'layer/a'),
    ]
    expect(commands.map(({ kind }) => kind)).toEqual(made.map(({ kind }) => kind))
    for (const [index, { kind: _, ...rest }] of made.entries()) {
      expect(Object.keys(rest).toSorted()).toEqual(fieldsOf(commands[index]?.['fields']))
    }
  })
})
