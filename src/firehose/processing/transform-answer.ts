import type { Fault } from './step.ts'

/** What a transformation made of one record. */
export type Transformed =
  | { readonly result: 'Ok'; readonly data: Uint8Array; readonly keys: Readonly<Record<string, string>> }
  | { readonly result: 'Dropped' }
  | { readonly result: 'Failed'; readonly fault: Fault }

/** Nothing that a transformation answers can be relied on. */
type Untrusted = Readonly<Record<string, unknown>>

const base64 = /^[A-Za-z0-9+/]*={0,2}$/

const duplicated: Fault = {
  code: 'Lambda.DuplicatedRecordId',
  message: 'Multiple records were returned with the same record ID.',
}
const missing: Fault = {
  code: 'Lambda.MissingRecordId',
  message: 'One or more record IDs were not returned.',
}
const processingFailed: Fault = {
  code: 'Lambda.ProcessingFailedStatus',
  message: 'ProcessingFailed status set for record',
}

/**
 * What a transformation answered, for each id that it was given, in order. Ids that it was not given say nothing.
 *
 * @param answer JSON, perhaps
 */
export function transformedBy(answer: string, ids: readonly string[]): readonly Transformed[] {
  const records = recordsIn(answer)
  if (records === undefined) {
    const failed = { result: 'Failed', fault: malformed('The answer has no list of records') } as const
    return ids.map(() => failed)
  }
  const found = new Map<string, Untrusted | 'twice'>()
  for (const record of records) {
    if (!isObject(record) || typeof record['recordId'] !== 'string') continue
    const id = record['recordId']
    found.set(id, found.has(id) ? 'twice' : record)
  }
  return ids.map((id) => {
    const record = found.get(id)
    if (record === undefined) return { result: 'Failed', fault: missing }
    if (record === 'twice') return { result: 'Failed', fault: duplicated }
    return transformed(record)
  })
}

function recordsIn(answer: string): readonly unknown[] | undefined {
  try {
    const found: unknown = JSON.parse(answer)
    const records = isObject(found) ? found['records'] : undefined
    return Array.isArray(records) ? records : undefined
  } catch {
    return undefined
  }
}

function transformed({ result, data, metadata }: Untrusted): Transformed {
  if (result === 'Dropped') return { result }
  if (result === 'ProcessingFailed') return { result: 'Failed', fault: processingFailed }
  if (result !== 'Ok') return failure('The result of a record is not Ok, Dropped or ProcessingFailed')
  if (typeof data !== 'string' || data.length % 4 !== 0 || !base64.test(data)) {
    return failure('The data of a record is not base64')
  }
  const keys = keysIn(metadata)
  if ('code' in keys) return { result: 'Failed', fault: keys }
  return { result, data: Buffer.from(data, 'base64'), keys: keys.found }
}

function keysIn(metadata: unknown): { readonly found: Readonly<Record<string, string>> } | Fault {
  if (metadata === undefined || metadata === null) return { found: {} }
  if (!isObject(metadata)) return malformed('The metadata of a record is no object')
  const keys = metadata['partitionKeys']
  if (keys === undefined || keys === null) return { found: {} }
  if (!isObject(keys)) return malformed('The partitionKeys of a record are no object')
  const found: [string, string][] = []
  for (const [name, value] of Object.entries(keys)) {
    if (value === null || value === '') {
      return {
        code: 'DynamicPartitioning.MetadataExtractionFailed',
        message: 'partitionKeys values must not be null or empty',
      }
    }
    if (typeof value === 'object') return malformed(`The partition key ${JSON.stringify(name)} is no text`)
    found.push([name, String(value)])
  }
  return { found: Object.fromEntries(found) }
}

function isObject(value: unknown): value is Untrusted {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function failure(message: string): Transformed {
  return { result: 'Failed', fault: malformed(message) }
}

function malformed(message: string): Fault {
  return { code: 'Lambda.JsonProcessingException', message }
}
