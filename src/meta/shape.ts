/**
 * Shapes of what is stored in the metadata log, checked: each function takes what a decoder made of bytes that
 * may be anything, and answers a fresh, typed value or throws `Malformed`. Fields that this version does not
 * know are left out.
 */
import type { Slot } from '../log/log.ts'
import type { Command, ShardSpec, StreamKey } from './commands.ts'
import type { StreamState } from './state.ts'

/** A value has not the shape that it should have; `field` says which, from the outside in. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
  readonly field: string

  constructor(field: string, rule: string) {
    super(`${field} must be ${rule}`)
    this.field = field
  }
}

/** A command of a kind that this version does not know. */
export class UnknownKind extends Error {
  override readonly name = 'UnknownKind'
  readonly kind: string

  constructor(kind: string) {
    super(`unknown kind ${JSON.stringify(kind)}`)
    this.kind = kind
  }
}

type Fields = Readonly<Record<string, unknown>>

const anyText = /^/
const noSlash = /^[^/]+$/
const account = /^\d{12}$/
const hashKey = /^(?:0|[1-9]\d{0,38})$/

/** A map with text keys. */
export function fieldsOf(value: unknown, field: string): Fields {
  const plain =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  if (!plain) throw new Malformed(field, 'a map')
  return value as Fields
}

export function textOf(value: unknown, field: string, pattern: RegExp = anyText): string {
  if (typeof value !== 'string' || !pattern.test(value))
    throw new Malformed(field, `text like ${pattern.source}`)
  return value
}

/** An integer from 0 to 2^53 - 1. */
export function countOf(value: unknown, field: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Malformed(field, 'a whole number')
  return value as number
}

export function listOf<T>(value: unknown, field: string, itemOf: (item: unknown, field: string) => T): T[] {
  if (!Array.isArray(value)) throw new Malformed(field, 'a list')
  return value.map((item, index) => itemOf(item, `${field}[${index}]`))
}

export function bytesOf(value: unknown, field: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Malformed(field, 'bytes')
  return value
}

/** A command of a known kind; throws `UnknownKind` for any other. */
export function commandOf(value: unknown, field: string): Command {
  const fields = fieldsOf(value, field)
  const kind = textOf(fields['kind'], `${field}.kind`) as Command['kind']
  const key = (): StreamKey => streamKeyOf(fields['key'], `${field}.key`)
  const count = (name: string): number => countOf(fields[name], `${field}.${name}`)
  switch (kind) {
    case 'createStream':
      return {
        kind,
        key: key(),
        createdAtMs: count('createdAtMs'),
        retentionHours: count('retentionHours'),
        maxRecordBytes: count('maxRecordBytes'),
        shards: shardsOf(fields['shards'], `${field}.shards`),
      }
    case 'deleteStream':
      return { kind, key: key(), revision: count('revision') }
    case 'setRetention':
      return {
        kind,
        key: key(),
        revision: count('revision'),
        retentionHours: count('retentionHours'),
        hiddenBeforeMs: count('hiddenBeforeMs'),
      }
    default:
      throw new UnknownKind(kind satisfies never)
  }
}

export function streamStateOf(value: unknown, field: string): StreamState {
  const fields = fieldsOf(value, field)
  const count = (name: string): number => countOf(fields[name], `${field}.${name}`)
  return {
    key: streamKeyOf(fields['key'], `${field}.key`),
    revision: count('revision'),
    createdAtMs: count('createdAtMs'),
    retentionHours: count('retentionHours'),
    hiddenBeforeMs: count('hiddenBeforeMs'),
    maxRecordBytes: count('maxRecordBytes'),
    shards: shardsOf(fields['shards'], `${field}.shards`),
  }
}

function streamKeyOf(value: unknown, field: string): StreamKey {
  const fields = fieldsOf(value, field)
  return {
    account: textOf(fields['account'], `${field}.account`, account),
    region: textOf(fields['region'], `${field}.region`, noSlash),
    name: textOf(fields['name'], `${field}.name`, noSlash),
  }
}

function shardsOf(value: unknown, field: string): ShardSpec[] {
  const shards = listOf(value, field, shardOf)
  const ascending = shards.every((shard, at) => shard.index > (shards[at - 1]?.index ?? -1))
  if (!ascending) throw new Malformed(field, 'shards by ascending index')
  return shards
}

function shardOf(value: unknown, field: string): ShardSpec {
  const fields = fieldsOf(value, field)
  return {
    index: countOf(fields['index'], `${field}.index`),
    startingHashKey: textOf(fields['startingHashKey'], `${field}.startingHashKey`, hashKey),
    endingHashKey: textOf(fields['endingHashKey'], `${field}.endingHashKey`, hashKey),
    createdAtSeconds: countOf(fields['createdAtSeconds'], `${field}.createdAtSeconds`),
    slot: slotOf(fields['slot'], `${field}.slot`),
  }
}

/** Slots belong to the engine: any fields, but plain ones. */
function slotOf(value: unknown, field: string): Slot {
  const fields = fieldsOf(value, field)
  for (const [name, item] of Object.entries(fields)) {
    const plain = typeof item === 'string' || (typeof item === 'number' && Number.isFinite(item))
    if (!plain) throw new Malformed(`${field}.${name}`, 'text or a number')
  }
  return { ...(fields as Slot), kind: textOf(fields['kind'], `${field}.kind`) }
}
