import type { MemberShape, ServiceModel } from '../model/model.ts'
import { CborWriter } from './cbor-writer.ts'

/**
 * Writes the output of an operation: blobs are bytes there, timestamps milliseconds, members without a value
 * `undefined` or absent. Those are left out, never `null`.
 */
export interface OutputWriter {
  /** The document as JSON. */
  json(output: unknown): string
  /** The document as CBOR. */
  cbor(output: unknown): Uint8Array
}

type Members = Readonly<Record<string, unknown>>
type WriteText = (value: unknown) => string
type WriteCbor = (value: unknown, into: CborWriter) => void

/** Makes the writer of one structure out of the model. */
export function outputWriter(model: ServiceModel, structure: string): OutputWriter {
  const shape: MemberShape = { type: 'structure', shape: structure }
  const text = textWriter(model, shape)
  const cbor = cborWriter(model, shape)
  return {
    json: text,
    cbor(output) {
      const writer = new CborWriter()
      cbor(output, writer)
      return writer.finish()
    },
  }
}

function textWriter(model: ServiceModel, shape: MemberShape): WriteText {
  switch (shape.type) {
    case 'structure':
      return structureText(model, shape)
    case 'list': {
      const write = textWriter(model, entryOf(shape.member))
      return (values) => `[${(values as readonly unknown[]).map(write).join(',')}]`
    }
    case 'map': {
      const write = textWriter(model, entryOf(shape.value))
      return (values) => {
        const entries = [...(values as ReadonlyMap<string, unknown>)]
        return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(',')}}`
      }
    }
    case 'blob':
      return (value) => `"${base64Of(value as Uint8Array)}"`
    case 'timestamp':
      return (value) => secondsOf(value as number)
    default:
      return (value) => JSON.stringify(value)
  }
}

function structureText(model: ServiceModel, shape: MemberShape): WriteText {
  const writers = membersOf(model, shape).map(([name, member]) => ({
    name,
    label: `"${name}":`,
    write: textWriter(model, member),
  }))
  return (output) => {
    let text = ''
    for (const { name, label, write } of writers) {
      const value = (output as Members)[name]
      if (value === undefined) continue
      text += text === '' ? `{${label}` : `,${label}`
      text += write(value)
    }
    return text === '' ? '{}' : `${text}}`
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

/** Base64 without a copy of the bytes. */
function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

/** Milliseconds as seconds: plain decimals, which a number below 10^21 always is. */
function secondsOf(ms: number): string {
  return String(ms / 1000)
}
