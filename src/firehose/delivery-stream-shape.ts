import { MillraceError } from '../errors.ts'
import { documentOf } from './delivery-key.ts'
import type { DeliveryStreamState } from './delivery-stream-state.ts'

type Fields = Readonly<Record<string, unknown>>

/** What was checked once: a value that the metadata handed out never changes. */
const checked: WeakMap<object, DeliveryStreamState> = new WeakMap()

/**
 * The delivery stream that a document holds.
 *
 * @throws `ERR_MILLRACE_CORRUPT` for what no version has written: what every reader goes by is checked here
 */
export function deliveryStreamOf(id: string, value: unknown): DeliveryStreamState {
  const fields = mapOf(id, '', value)
  const known = checked.get(fields)
  if (known !== undefined) return known
  const key = mapOf(id, 'key', fields['key'])
  for (const name of ['account', 'region', 'name']) textOf(id, `key.${name}`, key[name])
  const state = fields as unknown as DeliveryStreamState
  require(id, 'key', documentOf(state.key) === id)
  require(id, 'kind', state.kind === 'delivery-stream' || state.kind === 'channel')
  textOf(id, 'id', fields['id'])
  for (const name of ['createdAtMs', 'updatedAtMs', 'versionId', 'creatingUntilMs']) {
    require(id, name, isCount(fields[name]))
  }
  require(id, 'deletingUntilMs', fields['deletingUntilMs'] === undefined ||
    isCount(fields['deletingUntilMs']))
  for (const [tag, text] of Object.entries(mapOf(id, 'tags', fields['tags']))) textOf(id, `tags.${tag}`, text)
  if (fields['encryption'] !== undefined) {
    textOf(id, 'encryption.keyType', mapOf(id, 'encryption', fields['encryption'])['keyType'])
  }
  checkConfiguration(id, mapOf(id, 'configuration', fields['configuration']))
  checked.set(fields, state)
  return state
}

function checkConfiguration(id: string, configuration: Fields): void {
  const source = mapOf(id, 'configuration.source', configuration['source'])
  require(id, 'configuration.source.kind', source['kind'] === 'direct' || source['kind'] === 'stream')
  if (source['kind'] === 'stream') {
    textOf(id, 'configuration.source.streamArn', source['streamArn'])
    require(id, 'configuration.source.fromMs', isCount(source['fromMs']))
  }
  mapOf(id, 'configuration.processing', configuration['processing'])
  const destination = mapOf(id, 'configuration.destination', configuration['destination'])
  const { kind } = destination
  require(id, 'configuration.destination.kind', kind === 'objects' || kind === 'records')
  mapOf(id, 'configuration.destination', destination[kind === 'objects' ? 'target' : 'to'])
}

function mapOf(id: string, field: string, value: unknown): Fields {
  require(id, field, typeof value === 'object' && value !== null && !Array.isArray(value))
  return value as Fields
}

function textOf(id: string, field: string, value: unknown): void {
  require(id, field, typeof value === 'string')
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function require(id: string, field: string, right: boolean): void {
  if (right) return
  throw new MillraceError(
    'ERR_MILLRACE_CORRUPT',
    `the metadata hold ${id}, whose ${field || 'value'} is damaged`,
    {
      details: { document: id, field },
    },
  )
}
