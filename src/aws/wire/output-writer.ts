import type { MemberShape, ServiceModel } from '../model/model.ts'
import { cborText, CborWriter } from './cbor-writer.ts'
import { JsonWriter } from './json-writer.ts'

/**
 * Writes the output of an operation: blobs are bytes there, timestamps milliseconds, members without a value
 * `undefined` or absent. Those are left out, never `null`.
 */
export interface OutputWriter {
  /** The document as JSON, in UTF-8. */
  json(output: unknown): Uint8Array
  /** The document as CBOR. */
  cbor(output: unknown): Uint8Array
}

type Members = Readonly<Record<string, unknown>>
type WriteJson = (value: unknown, into: JsonWriter) => void
/** The JSON of a value, for the writer that it goes to next. */
type JsonText = (value: unknown, into: JsonWriter) => string
type WriteCbor = (value: unknown, into: CborWriter) => void

/** Makes the writer of one structure out of the model. */
export function outputWriter(model: ServiceModel, structure: string): OutputWriter {
  const shape: MemberShape = { type: 'structure', shape: structure }
  // A client writes one of the two.
  let json: WriteJson | undefined
  let cbor: WriteCbor | undefined
  return {
    json(output) {
      json ??= jsonWriter(model, shape)
      const writer = new JsonWriter()
      json(output, writer)
      return writer.finish()
    },
    cbor(output) {
      cbor ??= cborWriter(model, shape)
      const writer = new CborWriter()
      cbor(output, writer)
      return writer.finish()
    },
  }
}

/** Only blobs are written by themselves; the JSON of all else is one text, which the runtime puts together fast. */
function jsonWriter(model: ServiceModel, shape: MemberShape): WriteJson {
  if (shape.type === 'blob') return (value, into) => into.base64(value as Uint8Array)
  if (!hasBlob(model, shape)) {
    const text = jsonText(model, shape)
    return (value, into) => into.text(text(value, into))
  }
  if (shape.type === 'structure') return structureJson(model, shape)
  if (shape.type === 'list') return listJson(jsonWriter(model, entryOf(shape.member)))
  throw new Error(`the model has a ${shape.type} of blobs`)
}

function hasBlob(model: ServiceModel, shape: MemberShape): boolean {
  switch (shape.type) {
    case 'blob':
      return true
    case 'structure':
      return membersOf(model, shape).some(([, member]) => hasBlob(model, member))
    case 'list':
      return hasBlob(model, entryOf(shape.member))
    case 'map':
      return hasBlob(model, entryOf(shape.value))
    default:
      return false
  }
}

function listJson(write: WriteJson): WriteJson {
  return (values, into) => {
    into.text('[')
    let first = true
    for (const value of values as readonly unknown[]) {
      if (!first) into.text(',')
      first = false
      write(value, into)
    }
    into.text(']')
  }
}

function structureJson(model: ServiceModel, shape: MemberShape): WriteJson {
  const writers = membersOf(model, shape).map(([name, member]) => ({
    name,
    label: `"${name}":`,
    laterLabel: `,"${name}":`,
    write: jsonWriter(model, member),
  }))
  return (output, into) => {
    into.text('{')
    let first = true
    for (const { name, label, laterLabel, write } of writers) {
      const value = (output as Members)[name]
      if (value === undefined) continue
      into.text(first ? label : laterLabel)
      first = false
      write(value, into)
    }
    into.text('}')
  }
}

function jsonText(model: ServiceModel, shape: MemberShape): JsonText {
  switch (shape.type) {
    case 'structure':
      return structureText(model, shape)
    case 'list':
      return listText(jsonText(model, entryOf(shape.member)))
    case 'map':
      return mapText(jsonText(model, entryOf(shape.value)))
    case 'timestamp':
      return (value) => secondsOf(value as number)
    case 'string':
      return plainPatterns.has(shape.pattern ?? '')
        ? (value) => `"${value as string}"`
        : (value, into) => into.quoted(value as string)
    default:
      return (value) => JSON.stringify(value)
  }
}

/** Patterns of texts that JSON shows as they are: what is answered keeps to the model. */
const plainPatterns: ReadonlySet<string> = new Set(['[a-zA-Z0-9_.-]+', '0|([1-9]\\d{0,128})'])

function listText(text: JsonText): JsonText {
  return (values, into) => {
    let all = ''
    for (const value of values as readonly unknown[]) {
      all += all === '' ? `[${text(value, into)}` : `,${text(value, into)}`
    }
    return all === '' ? '[]' : `${all}]`
  }
}

function mapText(text: JsonText): JsonText {
  return (values, into) => {
    let all = ''
    for (const [key, value] of values as ReadonlyMap<string, unknown>) {
      all += `${all === '' ? '{' : ','}${into.quoted(key)}:${text(value, into)}`
    }
    return all === '' ? '{}' : `${all}}`
  }
}

function structureText(model: ServiceModel, shape: MemberShape): JsonText {
  const writers = membersOf(model, shape).map(([name, member]) => ({
    name,
    label: `{"${name}":`,
    laterLabel: `,"${name}":`,
    text: jsonText(model, member),
  }))
  return (output, into) => {
    let all = ''
    for (const { name, label, laterLabel, text } of writers) {
      const value = (output as Members)[name]
      if (value === undefined) continue
      all += all === '' ? label : laterLabel
      all += text(value, into)
    }
    return all === '' ? '{}' : `${all}}`
  }
}

function cborWriter(model: ServiceModel, shape: MemberShape): WriteCbor {
  switch (shape.type) {
    case 'structure':
      return structureCbor(model, shape)
    case 'list': {
      const write = cborWriter(model, entryOf(shape.member))
      return (values, into) => {
        const entries = values as readonly unknown[]
        into.list(entries.length)
        for (const entry of entries) write(entry, into)
      }
    }
    case 'map': {
      const write = cborWriter(model, entryOf(shape.value))
      return (values, into) => {
        const entries = values as ReadonlyMap<string, unknown>
        into.map(entries.size)
        for (const [key, value] of entries) {
          into.text(key)
          write(value, into)
        }
      }
    }
    case 'blob':
      return (value, into) => into.blob(value as Uint8Array)
    case 'timestamp':
      return (value, into) => into.time(value as number)
    case 'boolean':
      return (value, into) => into.boolean(value as boolean)
    case 'string':
      return (value, into) => into.text(value as string)
    default:
      return (value, into) => into.number(value as number)
  }
}

function structureCbor(model: ServiceModel, shape: MemberShape): WriteCbor {
  const writers = membersOf(model, shape).map(([name, member]) => ({
    name,
    label: cborText(name),
    write: cborWriter(model, member),
  }))
  return (output, into) => {
    const members = output as Members
    let count = 0
    for (const { name } of writers) if (members[name] !== undefined) count += 1
    into.map(count)
    for (const { name, label, write } of writers) {
      const value = members[name]
      if (value === undefined) continue
      into.part(label)
      write(value, into)
    }
  }
}

function membersOf(model: ServiceModel, shape: MemberShape): [string, MemberShape][] {
  const structure = model.structures[shape.shape ?? '']
  // An error's members are not listed: all have a message.
  if (structure === undefined) return [['message', { type: 'string' }]]
  return Object.entries(structure).filter(([, member]) => member.eventstream !== true)
}

function entryOf(shape: MemberShape | undefined): MemberShape {
  if (shape === undefined) throw new Error('the model has a list or map without entries')
  return shape
}

/** Milliseconds as seconds: plain decimals, which a number below 10^21 always is. */
function secondsOf(ms: number): string {
  return String(ms / 1000)
}
