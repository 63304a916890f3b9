/**
 * The records of the metadata log as bytes: MessagePack maps without extensions, so that any reader of that
 * format can look into a store. Each map says its `format`; a later format is refused, never guessed at.
 */
import { Packr, Unpackr } from 'msgpackr'
import { MillraceError } from '../errors.ts'
import type { Offset } from '../log/log.ts'
import type { Command } from './commands.ts'
import { bytesIn, countIn, fieldsOf, listIn, Malformed, textIn, UnknownKind, valueIn } from './fields.ts'
import { documentStateOf } from './document-shape.ts'
import { PartedMap } from './parted-map.ts'
import { accountStateOf, commandOf, streamStateOf } from './shape.ts'
import {
  accountId,
  type AccountState,
  type DocumentState,
  type MetaState,
  streamId,
  type StreamState,
} from './state.ts'

/** Raised when a reader of the earlier format would go wrong; new optional fields do not raise it. */
export type MetaFormat = 1 | 2

/** Of the records of each kind, at most. A snapshot with documents begins with 2: an earlier version would lose them. */
const formats: Readonly<Record<MetaRecord['kind'], MetaFormat>> = {
  command: 1,
  snapshotBegin: 2,
  snapshotChunk: 1,
  snapshotEnd: 1,
}

/** One record of the metadata log. */
export type MetaRecord =
  | {
      readonly kind: 'command'
      /** Commands in the log up to and with this one, from its very beginning: a lost one leaves a hole. */
      readonly ordinal: number
      readonly command: Command
    }
  | {
      readonly kind: 'snapshotBegin'
      /** Ordinal of the last command that the snapshot contains. */
      readonly ordinal: number
      /** Length of the encoded state, which the chunks hold one after the other. */
      readonly bytes: number
      readonly chunks: number
    }
  | { readonly kind: 'snapshotChunk'; readonly index: number; readonly data: Uint8Array }
  | { readonly kind: 'snapshotEnd'; readonly crc32: number }

const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false })
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' })

/** The bytes of a record. */
export function encodeRecord(record: MetaRecord, format: MetaFormat = 1): Uint8Array {
  return packr.pack({ format, ...record })
}

/**
 * The record that was stored at `offset`. Throws `ERR_MILLRACE_CORRUPT` for bytes that are none, and
 * `ERR_MILLRACE_NEWER_FORMAT` for a record or command of a later version; both name the offset.
 */
export function decodeRecord(bytes: Uint8Array, offset: Offset): MetaRecord {
  return decoded(bytes, offset, (value) => {
    const fields = fieldsOf(value)
    const written = countIn(fields, 'format')
    if (written === 0) throw new Malformed(['format'], 'at least 1')
    const kind = textIn(fields, 'kind') as MetaRecord['kind']
    if (written > (formats[kind] ?? 1)) throw new UnknownKind(`format ${written}`)
    switch (kind) {
      case 'command':
        return { kind, ordinal: countIn(fields, 'ordinal'), command: valueIn(fields, 'command', commandOf) }
      case 'snapshotBegin':
        return {
          kind,
          ordinal: countIn(fields, 'ordinal'),
          bytes: countIn(fields, 'bytes'),
          chunks: countIn(fields, 'chunks'),
        }
      case 'snapshotChunk':
        return { kind, index: countIn(fields, 'index'), data: bytesIn(fields, 'data') }
      case 'snapshotEnd':
        return { kind, crc32: countIn(fields, 'crc32') }
      default:
        throw new UnknownKind(kind satisfies never)
    }
  })
}

/** The bytes of a whole state. */
export function encodeState(state: MetaState): Uint8Array {
  const accounts = state.accounts.size === 0 ? {} : { accounts: [...state.accounts.values()] }
  const documents = state.documents.size === 0 ? {} : { documents: [...state.documents.values()] }
  const streams = [...state.streams.values()]
  return packr.pack({ revision: state.revision, streams, ...accounts, ...documents })
}

/** The state of a snapshot whose end was stored at `offset`; throws like `decodeRecord`. */
export function decodeState(bytes: Uint8Array, offset: Offset): MetaState {
  return decoded(bytes, offset, (value) => {
    const fields = fieldsOf(value)
    const streams = new Map<string, StreamState>()
    for (const stream of listIn(fields, 'streams', streamStateOf)) {
      streams.set(streamId(stream.key), stream)
    }
    const accounts = new Map<string, AccountState>()
    const listed = fields['accounts'] === undefined ? [] : listIn(fields, 'accounts', accountStateOf)
    for (const state of listed) accounts.set(accountId(state.account, state.region), state)
    const documents = new Map<string, DocumentState>()
    const kept = fields['documents'] === undefined ? [] : listIn(fields, 'documents', documentStateOf)
    for (const document of kept) documents.set(document.id, document)
    return {
      revision: countIn(fields, 'revision'),
      streams: PartedMap.from(streams),
      accounts,
      documents: PartedMap.from(documents),
    }
  })
}

/** Decodes and checks; whatever goes wrong becomes an error with a code and the offset. */
function decoded<T>(bytes: Uint8Array, offset: Offset, check: (value: unknown) => T): T {
  try {
    return check(unpackr.unpack(bytes))
  } catch (cause) {
    if (cause instanceof UnknownKind) {
      const message = `the metadata at offset ${offset} was written by a later version: ${cause.message}`
      throw new MillraceError('ERR_MILLRACE_NEWER_FORMAT', message, {
        cause,
        details: { offset, kind: cause.kind },
      })
    }
    const reason = cause instanceof Error ? cause.message : String(cause)
    const details = cause instanceof Malformed ? { offset, field: cause.path.join('.') } : { offset }
    throw new MillraceError(
      'ERR_MILLRACE_CORRUPT',
      `the metadata at offset ${offset} is damaged: ${reason}`,
      {
        cause,
        details,
      },
    )
  }
}
