/**
 * Shapes of what is stored in the metadata log, checked: each function takes what a decoder made of bytes that
 * may be anything, and answers it with its type or throws `Malformed`. Fields that this version does not know
 * stay, and so come through a snapshot. Opening a store runs this over every shard of it: nothing is copied, and
 * paths are made only when something is wrong.
 */
import type { Slot } from '../log/log.ts'
import type { Command, ShardSpec, StreamKey } from './commands.ts'
import type { Resharding, StreamState } from './state.ts'

/** A field has not the shape that it should have. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
  /** From the outside in. */
  readonly path: readonly string[]
  readonly rule: string

  constructor(path: readonly string[], rule: string) {
    super(`${path.join('.')} must be ${rule}`)
    this.path = path
    this.rule = rule
  }
}

/** A command or record of a kind that this version does not know. */
export class UnknownKind extends Error {
  override readonly name = 'UnknownKind'
  readonly kind: string

  constructor(kind: string) {
    super(`unknown kind ${JSON.stringify(kind)}`)
    this.kind = kind
  }
}

/** A map with text keys. */
export type Fields = Readonly<Record<string, unknown>>

const anyText = /^/
const noSlash = /^[^/]+$/
const account = /^\d{12}$/
const hashKey = /^(?:0|[1-9]\d{0,38})$/

/** The value as a map. */
export function fieldsOf(value: unknown): Fields {
  const plain =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  if (!plain) throw new Malformed([], 'a map')
  return value as Fields
}

/** The field as text. */
export function textIn(fields: Fields, name: string, pattern: RegExp = anyText): string {
  const value = fields[name]
  if (typeof value !== 'string' || !pattern.test(value))
    throw new Malformed([name], `text like ${pattern.source}`)
  return value
}

/** The field as an integer from 0 to 2^53 - 1. */
export function countIn(fields: Fields, name: string): number {
  const value = fields[name]
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Malformed([name], 'a whole number')
  return value as number
}

/** An item of a list as an integer from 0 to 2^53 - 1. */
export function countOf(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Malformed([], 'a whole number')
  return value as number
}

/** The field as the word that something is so. */
export function trueIn(fields: Fields, name: string): true {
  if (fields[name] !== true) throw new Malformed([name], 'true')
  return true
}

/** The field, if it is there, checked by `check`. */
export function optionalIn(
  fields: Fields,
  name: string,
  check: (fields: Fields, name: string) => unknown,
): void {
  if (fields[name] !== undefined) check(fields, name)
}

/** The field as bytes. */
export function bytesIn(fields: Fields, name: string): Uint8Array {
  const value = fields[name]
  if (!(value instanceof Uint8Array)) throw new Malformed([name], 'bytes')
  return value
}

/** The field, checked by `check`. */
export function valueIn<T>(fields: Fields, name: string, check: (value: unknown) => T): T {
  try {
    return check(fields[name])
  } catch (error) {
    throw outside(name, error)
  }
}

/** The field as a list of items, each checked by `check`. */
export function listIn<T>(fields: Fields, name: string, check: (item: unknown) => T): readonly T[] {
  const items = fields[name]
  if (!Array.isArray(items)) throw new Malformed([name], 'a list')
  for (let index = 0; index < items.length; index++) {
    try {
      check(items[index])
    } catch (error) {
      throw outside(`${name}.${index}`, error)
    }
  }
  return items
}

/** A command of a known kind; throws `UnknownKind` for any other. */
export function commandOf(value: unknown): Command {
  const fields = fieldsOf(value)
  const kind = textIn(fields, 'kind') as Command['kind']
  valueIn(fields, 'key', streamKeyOf)
  switch (kind) {
    case 'createStream':
      for (const name of ['createdAtMs', 'retentionHours', 'maxRecordBytes']) countIn(fields, name)
      checkShards(fields)
      break
    case 'deleteStream':
      countIn(fields, 'revision')
      break
    case 'setRetention':
      for (const name of ['revision', 'retentionHours', 'hiddenBeforeMs']) countIn(fields, name)
      break
    case 'beginReshard':
      for (const name of ['revision', 'atMs']) countIn(fields, name)
      optionalIn(fields, 'targetShards', countIn)
      optionalIn(fields, 'startsScaling', trueIn)
      checkReshard(fields)
      break
    case 'finishReshard':
      for (const name of ['revision', 'closedAtMs']) countIn(fields, name)
      break
    case 'dropShards':
      countIn(fields, 'revision')
      checkIndexes(fields, 'shards')
      break
    default:
      throw new UnknownKind(kind satisfies never)
  }
  return value as Command
}

/** A stream as a snapshot holds it. */
export function streamStateOf(value: unknown): StreamState {
  const fields = fieldsOf(value)
  valueIn(fields, 'key', streamKeyOf)
  countIn(fields, 'revision')
  countIn(fields, 'createdAtMs')
  countIn(fields, 'retentionHours')
  countIn(fields, 'hiddenBeforeMs')
  countIn(fields, 'maxRecordBytes')
  checkShards(fields)
  optionalIn(fields, 'resharding', (within, name) => valueIn(within, name, reshardingOf))
  optionalIn(fields, 'targetShards', countIn)
  optionalIn(fields, 'scaledAtMs', (within, name) => listIn(within, name, countOf))
  optionalIn(fields, 'firstSlot', (within, name) => valueIn(within, name, slotOf))
  return value as StreamState
}

function streamKeyOf(value: unknown): StreamKey {
  const fields = fieldsOf(value)
  textIn(fields, 'account', account)
  textIn(fields, 'region', noSlash)
  textIn(fields, 'name', noSlash)
  return value as StreamKey
}

function checkShards(fields: Fields, name = 'shards'): void {
  let previous = -1
  for (const { index } of listIn(fields, name, shardOf)) {
    if (index <= previous) throw new Malformed([name], 'shards by ascending index')
    previous = index
  }
}

function checkIndexes(fields: Fields, name: string): void {
  let previous = -1
  for (const index of listIn(fields, name, countOf)) {
    if (index <= previous) throw new Malformed([name], 'numbers in ascending order')
    previous = index
  }
  if (previous === -1) throw new Malformed([name], 'a list that is not empty')
}

function checkReshard(fields: Fields): void {
  checkIndexes(fields, 'closes')
  checkShards(fields, 'opens')
}

function reshardingOf(value: unknown): Resharding {
  const fields = fieldsOf(value)
  countIn(fields, 'atMs')
  checkReshard(fields)
  return value as Resharding
}

function shardOf(value: unknown): ShardSpec {
  const fields = fieldsOf(value)
  countIn(fields, 'index')
  textIn(fields, 'startingHashKey', hashKey)
  textIn(fields, 'endingHashKey', hashKey)
  countIn(fields, 'createdAtSeconds')
  valueIn(fields, 'slot', slotOf)
  optionalIn(fields, 'parents', (within, name) => listIn(within, name, countOf))
  optionalIn(fields, 'openedAtMs', countIn)
  optionalIn(fields, 'closedAtMs', countIn)
  return value as ShardSpec
}

/** Slots belong to the engine: any fields, but plain ones. */
function slotOf(value: unknown): Slot {
  const fields = fieldsOf(value)
  textIn(fields, 'kind')
  for (const name in fields) {
    const plain = typeof fields[name] === 'string' || Number.isFinite(fields[name])
    if (!plain) throw new Malformed([name], 'text or a number')
  }
  return value as Slot
}

/** The error with the name of what lies around the field. */
function outside(name: string, error: unknown): unknown {
  return error instanceof Malformed ? new Malformed([name, ...error.path], error.rule) : error
}
