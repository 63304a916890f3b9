import type { MemberShape, ServiceModel } from '../model/model.ts'
import { CborWriter } from './cbor-writer.ts'
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
type WriteCbor = (value: unknown, into: CborWriter) => void

/** Makes the writer of one structure out of the model. */
export function outputWriter(model: ServiceModel, structure: string): OutputWriter {
  const shape: MemberShape = { type: 'structure', shape: structure }
  const json = jsonWriter(model, shape)
  const cbor = cborWriter(model, shape)
  return {
    json(output) {
      const writer = new JsonWriter()
      json(output, writer)
      return writer.finish()
    },
    cbor(output) {
      const writer = new CborWriter()
      cbor(output, writer)
      return writer.finish()
    },
  }
}

function jsonWriter(model: ServiceModel, shape: MemberShape): WriteJson {
  switch (shape.type) {
    case 'structure':
      return structureJson(model, shape)
    case 'list':
      return listJson(jsonWriter(model, entryOf(shape.member)))
    case 'map':
      return mapJson(jsonWriter(model, entryOf(shape.value)))
    case 'blob':
      return (value, into) => into.base64(value as Uint8Array)
    case 'timestamp':
      return (value, into) => into.text(secondsOf(value as number))
    default:
      return (value, into) => into.text(JSON.stringify(value))
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

function mapJson(write: WriteJson): WriteJson {
  return (values, into) => {
    into.text('{')
    let first = true
    for (const [key, value] of values as ReadonlyMap<string, unknown>) {
      into.text(`${first ? '' : ','}${JSON.stringify(key)}:`)
      first = false
      write(value, into)
    }
    into.text('}')
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
    write: cborWriter(model, member),
  }))
  return (output, into) => {
    const members = output as Members
    let count = 0
    for (const { name } of writers) if (members[name] !== undefined) count += 1
    into.map(count)
    for (const { name, write } of writers) {
      const value = members[name]
      if (value === undefined) continue
      into.text(name)
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
