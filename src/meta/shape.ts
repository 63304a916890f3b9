/**
 * Shapes of what is stored in the metadata log, checked: each function takes what a decoder made of bytes that
 * may be anything, and answers it with its type or throws `Malformed`. Fields that this version does not know
 * stay, and so come through a snapshot. Opening a store runs this over every shard of it: nothing is copied, and
 * paths are made only when something is wrong.
 */
import type { Slot } from '../log/log.ts'
import type { Command, ShardSpec, StreamKey } from './commands.ts'
import {
  countIn,
  countOf,
  type Fields,
  fieldsOf,
  listIn,
  Malformed,
  optionalIn,
  textIn,
  textOf,
  trueIn,
  UnknownKind,
  valueIn,
} from './fields.ts'
import { checkDocumentId, checkDocumentValue } from './document-shape.ts'
import type { StreamSettings } from './settings.ts'
import { accountSettingsOf, consumersIn, streamSettingsOf } from './settings-shape.ts'
import type { AccountState, Resharding, StreamState } from './state.ts'

const noSlash = /^[^/]+$/
const account = /^\d{12}$/
const hashKey = /^(?:0|[1-9]\d{0,38})$/

/** A command of a known kind; throws `UnknownKind` for any other. */
export function commandOf(value: unknown): Command {
  const fields = fieldsOf(value)
  const kind = textIn(fields, 'kind') as Command['kind']
  if (kind === 'setAccount') checkAccount(fields)
  else if (kind === 'setDocument' || kind === 'deleteDocument') checkDocumentId(fields)
  else valueIn(fields, 'key', streamKeyOf)
  switch (kind) {
    case 'createStream':
      for (const name of ['createdAtMs', 'retentionHours', 'maxRecordBytes']) countIn(fields, name)
      checkShards(fields)
      optionalIn(fields, 'settings', settingsIn)
      break
    case 'deleteStream':
      countIn(fields, 'revision')
      break
    case 'setRetention':
      for (const name of ['revision', 'retentionHours', 'hiddenBeforeMs']) countIn(fields, name)
      break
    case 'setSettings':
      countIn(fields, 'revision')
      settingsIn(fields, 'settings')
      optionalIn(fields, 'maxRecordBytes', countIn)
      break
    case 'setConsumers':
      countIn(fields, 'revision')
      consumersIn(fields, 'consumers')
      optionalIn(fields, 'endedAtSeconds', countIn)
      break
    case 'changeConsumers':
      countIn(fields, 'revision')
      listIn(fields, 'removes', textOf)
      consumersIn(fields, 'sets')
      optionalIn(fields, 'endedAtSeconds', countIn)
      break
    case 'setAccount':
      break
    case 'setDocument':
      checkDocumentValue(fields)
      break
    case 'deleteDocument':
      break
    case 'beginReshard':
      for (const name of ['revision', 'atMs']) countIn(fields, name)
      optionalIn(fields, 'targetShards', countIn)
      optionalIn(fields, 'startsScaling', trueIn)
      checkReshard(fields)
      break
    case 'finishReshard':
      for (const name of ['revision', 'closedAtMs']) countIn(fields, name)
      optionalIn(fields, 'updatingUntilMs', countIn)
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
  optionalIn(fields, 'settings', settingsIn)
  optionalIn(fields, 'consumers', consumersIn)
  optionalIn(fields, 'resharding', (within, name) => valueIn(within, name, reshardingOf))
  optionalIn(fields, 'targetShards', countIn)
  optionalIn(fields, 'scaledAtMs', (within, name) => listIn(within, name, countOf))
  optionalIn(fields, 'firstSlot', (within, name) => valueIn(within, name, slotOf))
  return value as StreamState
}

/** An account as a snapshot holds it. */
export function accountStateOf(value: unknown): AccountState {
  checkAccount(fieldsOf(value))
  return value as AccountState
}

function checkAccount(fields: Fields): void {
  textIn(fields, 'account', account)
  textIn(fields, 'region', noSlash)
  countIn(fields, 'revision')
  valueIn(fields, 'settings', accountSettingsOf)
}

function settingsIn(fields: Fields, name: string): StreamSettings {
  return valueIn(fields, name, streamSettingsOf)
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
