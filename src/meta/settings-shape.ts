/** Shapes of settings as they are stored, checked as in shape.ts. */
import {
  countIn,
  countOf,
  type Fields,
  fieldsOf,
  listIn,
  optionalIn,
  textIn,
  textOf,
  valueIn,
} from './fields.ts'
import type { AccountSettings, ConsumerState, StreamSettings, Tag } from './settings.ts'

/** The settings of a stream. */
export function streamSettingsOf(value: unknown): StreamSettings {
  const fields = fieldsOf(value)
  optionalIn(fields, 'mode', (within, name) => textIn(within, name, /^ON_DEMAND$/))
  optionalIn(fields, 'distribution', (within, name) => textIn(within, name, /^AUTO$/))
  for (const name of ['policy', 'kmsKeyId']) optionalIn(fields, name, textIn)
  for (const name of [
    'warmThroughputMiBps',
    'creatingUntilMs',
    'updatingUntilMs',
    'deletingUntilMs',
    'consumersEndedAtSeconds',
  ]) {
    optionalIn(fields, name, countIn)
  }
  for (const name of ['modeSwitchesAtMs', 'encryptionStartsAtMs', 'encryptionStopsAtMs']) {
    optionalIn(fields, name, (within) => listIn(within, name, countOf))
  }
  optionalIn(fields, 'monitoring', (within, name) => listIn(within, name, textOf))
  optionalIn(fields, 'tags', tagsIn)
  return value as StreamSettings
}

/** The consumers of a stream. */
export function consumersIn(fields: Fields, name: string): readonly ConsumerState[] {
  return listIn(fields, name, consumerOf)
}

/** The settings of an account. */
export function accountSettingsOf(value: unknown): AccountSettings {
  const fields = fieldsOf(value)
  optionalIn(fields, 'commitment', (within, name) => valueIn(within, name, checkCommitment))
  for (const name of ['shardLimit', 'onDemandStreamLimit']) optionalIn(fields, name, countIn)
  return value as AccountSettings
}

function consumerOf(value: unknown): ConsumerState {
  const fields = fieldsOf(value)
  textIn(fields, 'name', /^[^/]+$/)
  countIn(fields, 'createdAtSeconds')
  for (const name of ['creatingUntilMs', 'deletingUntilMs']) optionalIn(fields, name, countIn)
  optionalIn(fields, 'tags', tagsIn)
  optionalIn(fields, 'policy', textIn)
  return value as ConsumerState
}

function tagsIn(fields: Fields, name: string): readonly Tag[] {
  return listIn(fields, name, tagOf)
}

function tagOf(value: unknown): Tag {
  const fields = fieldsOf(value)
  textIn(fields, 'key')
  textIn(fields, 'value')
  return value as Tag
}

function checkCommitment(value: unknown): void {
  const fields = fieldsOf(value)
  for (const name of ['startedAtMs', 'earliestEndAtMs']) countIn(fields, name)
  optionalIn(fields, 'endsAtMs', countIn)
}
