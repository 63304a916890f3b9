import * as fc from 'fast-check'
import { pack } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import { apply, emptyState } from '../../src/meta/apply.ts'
import type { Command } from '../../src/meta/commands.ts'
import {
  decodeRecord,
  decodeState,
  encodeRecord,
  encodeState,
  type MetaRecord,
} from '../../src/meta/encode.ts'
import { anyIntent, createStream, deleteStream, keyOf, plain, setDocument, setRetention } from './history.ts'

const create = createStream('a', 3) as Extract<Command, { kind: 'createStream' }>
const created = apply(emptyState, create, 4).state

const records: readonly MetaRecord[] = [
  { kind: 'command', ordinal: 1, command: create },
  { kind: 'command', ordinal: 2 ** 52, command: deleteStream(created, 'a') },
  { kind: 'command', ordinal: 3, command: setRetention(created, 'a', 48, 1_767_225_600_123) },
  { kind: 'command', ordinal: 4, command: setDocument(emptyState, 'layer/a', { a: [1, null], b: 'text' }) },
  { kind: 'command', ordinal: 5, command: setDocument(emptyState, 'layer/a') },
  { kind: 'snapshotBegin', ordinal: 5, bytes: 1_000_000, chunks: 2 },
  { kind: 'snapshotChunk', index: 1, data: Buffer.from('state') },
  { kind: 'snapshotEnd', crc32: 0xffff_ffff },
]

function failure(call: () => unknown): MillraceError {
  try {
    call()
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** What a decoder answers, or the code and offset of its error. */
function outcomeOf(call: () => string): string {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    return `${error.code.replace('ERR_MILLRACE_', '')} at ${String(error.details['offset'])}`
  }
}

/** The record with one field replaced, as bytes. */
function withField(path: readonly (string | number)[], value: unknown): Uint8Array {
  const record = structuredClone({ format: 1, kind: 'command', ordinal: 1, command: create })
  let target: Record<string | number, unknown> = record
  for (const part of path.slice(0, -1)) target = target[part] as Record<string | number, unknown>
  target[path.at(-1) ?? ''] = value
  return pack(record)
}

/** A command as bytes, whatever it is. */
function commandBytes(command: object): Uint8Array {
  return pack({ format: 1, kind: 'command', ordinal: 1, command })
}

describe('a record of the metadata log', () => {
  it('comes back as it was', () => {
    for (const record of records) expect(decodeRecord(encodeRecord(record), 1)).toEqual(record)
  })

  it('is plain MessagePack that says its format', () => {
    const bytes = encodeRecord({ kind: 'snapshotEnd', crc32: 7 })
    const head = ['83', 'a6', Buffer.from('format').toString('hex'), '01']
    expect(Buffer.from(bytes).toString('hex').startsWith(head.join(''))).toBe(true)
  })

  it('may carry fields that this version does not know, and keeps them', () => {
    const command = {
      ...create,
      note: 'later',
      shards: create.shards.map((shard) => ({ ...shard, later: 1 })),
    }
    const bytes = pack({ format: 1, kind: 'command', ordinal: 1, command, later: [1, 2] })
    expect(decodeRecord(bytes, 1)).toEqual({ kind: 'command', ordinal: 1, command })
  })

  it('is refused by name and offset when a later version wrote it', () => {
    const later = [
      { format: 2, kind: 'command', ordinal: 1, command: create },
      { format: 1, kind: 'compaction' },
      { format: 1, kind: 'command', ordinal: 1, command: { kind: 'splitShard', key: keyOf('a') } },
    ]
    const errors = later.map((record) => failure(() => decodeRecord(pack(record), 9)))
    expect(errors.map((error) => error.code)).toEqual(later.map(() => 'ERR_MILLRACE_NEWER_FORMAT'))
    expect(errors.map((error) => error.details)).toEqual([
      { offset: 9, kind: 'format 2' },
      { offset: 9, kind: 'compaction' },
      { offset: 9, kind: 'splitShard' },
    ])
  })

  it('is corrupt, and says which field, when a field is missing or has another shape', () => {
    const wrong: [(string | number)[], unknown][] = [
      [['format'], 0],
      [['format'], '1'],
      [['kind'], 7],
      [['ordinal'], -1],
      [['ordinal'], 1.5],
      [['ordinal'], undefined],
      [['command'], []],
      [['command'], null],
      [['command', 'key'], 'a'],
      [['command', 'key', 'account'], '12'],
      [['command', 'key', 'name'], 'a/b'],
      [['command', 'key', 'region'], ''],
      [['command', 'createdAtMs'], Number.NaN],
      [['command', 'retentionHours'], 2 ** 60],
      [['command', 'maxRecordBytes'], true],
      [['command', 'shards'], {}],
      [['command', 'shards', 0], 1],
      [['command', 'shards', 1, 'index'], 0],
      [['command', 'shards', 1, 'startingHashKey'], '01'],
      [['command', 'shards', 1, 'endingHashKey'], 7],
      [['command', 'shards', 1, 'createdAtSeconds'], new Date(0)],
      [['command', 'shards', 1, 'slot'], undefined],
      [['command', 'shards', 1, 'slot', 'kind'], 1],
      [['command', 'shards', 1, 'slot', 'id'], ['nested']],
    ]
    for (const [path, value] of wrong) {
      const error = failure(() => decodeRecord(withField(path, value), 33))
      expect([path.join('.'), error.code]).toEqual([path.join('.'), 'ERR_MILLRACE_CORRUPT'])
      expect(error.details['offset']).toBe(33)
      expect(path.join('.').startsWith(String(error.details['field']))).toBe(true)
    }
  })

  it('is corrupt when a setting has another shape', () => {
    const wrong: [string, string, unknown][] = [
      ['setSettings', 'settings', []],
      ['setSettings', 'settings', undefined],
      ['setSettings', 'settings', { mode: 'on' }],
      ['setSettings', 'settings', { distribution: 'KEY' }],
      ['setSettings', 'settings', { tags: [{ key: 'k' }] }],
      ['setSettings', 'settings', { tags: { k: 'v' } }],
      ['setSettings', 'settings', { policy: 1 }],
      ['setSettings', 'settings', { kmsKeyId: {} }],
      ['setSettings', 'settings', { warmThroughputMiBps: -1 }],
      ['setSettings', 'settings', { monitoring: [1] }],
      ['setSettings', 'settings', { updatingUntilMs: 1.5 }],
      ['setSettings', 'settings', { modeSwitchesAtMs: ['1'] }],
      ['setSettings', 'maxRecordBytes', '1'],
      ['setConsumers', 'consumers', undefined],
      ['setConsumers', 'consumers', [{ name: 'a/b', createdAtSeconds: 1 }]],
      ['setConsumers', 'consumers', [{ name: 'a', createdAtSeconds: -1 }]],
      ['setConsumers', 'consumers', [{ name: 'a', createdAtSeconds: 1, deletingUntilMs: '1' }]],
      ['setConsumers', 'endedAtSeconds', -1],
      ['changeConsumers', 'sets', undefined],
      ['changeConsumers', 'sets', [{ name: 'a/b', createdAtSeconds: 1 }]],
      ['changeConsumers', 'removes', [1]],
      ['changeConsumers', 'removes', 'a'],
      ['changeConsumers', 'endedAtSeconds', -1],
      ['setAccount', 'settings', { commitment: { startedAtMs: 1 } }],
      ['setAccount', 'settings', { shardLimit: '1' }],
      ['setAccount', 'account', '12'],
    ]
    const right = { key: keyOf('a'), account: '000000000000', region: 'r', revision: 1 }
    const filled = { ...right, settings: {}, consumers: [], removes: [], sets: [] }
    for (const [kind, field, value] of wrong) {
      const whole = { format: 1, kind: 'command', ordinal: 1, command: { kind, ...filled } }
      expect(decodeRecord(pack(whole), 33).kind).toBe('command')
      const command = { kind, ...filled, [field]: value }
      const error = failure(() => decodeRecord(pack({ format: 1, kind: 'command', ordinal: 1, command }), 33))
      expect([field, error.code, error.details['offset']]).toEqual([field, 'ERR_MILLRACE_CORRUPT', 33])
    }
  })

  it('is corrupt when a document is no plain data, or more than one may be', () => {
    const deep = (depth: number): unknown => (depth === 0 ? 0 : [deep(depth - 1)])
    const right: unknown[] = [null, 0.5, 'x'.repeat(1024 * 1024), { a: [true] }, deep(32)]
    const wrong: [string, unknown][] = [
      ['value', undefined],
      ['value', { at: new Date(0) }],
      ['value', [Number.NaN]],
      ['value', Buffer.of(1)],
      ['value', { a: 'x'.repeat(1024 * 1024) }],
      ['value', Array.from({ length: 100_000 }, () => 0)],
      ['value', deep(33)],
      ['id', ''],
      ['id', 'x'.repeat(257)],
      ['id', 'a\nb'],
      ['id', 7],
      ['revision', -1],
    ]
    for (const value of right) {
      const command = { kind: 'setDocument', id: 'layer/a', revision: 0, value } as const
      expect(decodeRecord(commandBytes(command), 1)).toMatchObject({ command: { kind: 'setDocument' } })
    }
    for (const [field, value] of wrong) {
      const command = { kind: 'setDocument', id: 'layer/a', revision: 0, value: 1, [field]: value }
      const error = failure(() => decodeRecord(commandBytes(command), 33))
      expect([error.code, error.details]).toEqual([
        'ERR_MILLRACE_CORRUPT',
        { offset: 33, field: `command.${field}` },
      ])
    }
  })

  it('is corrupt when it is cut anywhere', () => {
    for (const record of records) {
      const bytes = encodeRecord(record)
      for (let end = 0; end < bytes.length; end++) {
        const error = failure(() => decodeRecord(bytes.subarray(0, end), 5))
        expect([error.code, error.details['offset']]).toEqual(['ERR_MILLRACE_CORRUPT', 5])
      }
    }
  })

  it('is corrupt when something follows it', () => {
    const error = failure(() =>
      decodeRecord(Buffer.concat([encodeRecord(records[0] as MetaRecord), Buffer.of(0)]), 5),
    )
    expect(error.code).toBe('ERR_MILLRACE_CORRUPT')
  })

  it('never makes anything but a record or a typed error of any bytes', () => {
    const damaged = fc
      .tuple(
        fc.constantFrom(...records),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
      )
      .map(([record, changes]) => {
        const bytes = Uint8Array.from(encodeRecord(record))
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        return bytes
      })
    const hostile = fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged)
    fc.assert(
      fc.property(hostile, (bytes) => {
        const outcome = outcomeOf(() => decodeRecord(bytes, 3).kind)
        expect([...records.map((record) => record.kind), 'CORRUPT at 3', 'NEWER_FORMAT at 3']).toContain(
          outcome,
        )
        // What came before must not have spoilt the decoder.
        expect(decodeRecord(encodeRecord(records[0] as MetaRecord), 1)).toEqual(records[0])
      }),
      { numRuns: 3_000 },
    )
  })

  it('is corrupt when it nests deeper than the stack', () => {
    const error = failure(() => decodeRecord(Buffer.alloc(1_000_000, 0x91), 5))
    expect(error.code).toBe('ERR_MILLRACE_CORRUPT')
  })
})

describe('an encoded state', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(anyIntent, { maxLength: 20 }), (intents) => {
        let state = emptyState
        for (const [index, intent] of intents.entries()) state = apply(state, intent(state), index + 1).state
        expect(plain(decodeState(encodeState(state), 1))).toEqual(plain(state))
      }),
    )
  })

  it('is corrupt when it is cut anywhere', () => {
    const bytes = encodeState(created)
    for (let end = 0; end < bytes.length; end++) {
      expect(failure(() => decodeState(bytes.subarray(0, end), 5)).code).toBe('ERR_MILLRACE_CORRUPT')
    }
  })
})
