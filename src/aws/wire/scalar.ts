import type { MemberShape } from '../model/model.ts'
import { serializationFault } from './fault.ts'

/** How one protocol writes what JSON has no words for. */
export interface WireForm {
  /** @throws `SerializationException` for what is no blob */
  blob(value: unknown): Uint8Array
  /** Milliseconds since 1970. @throws `SerializationException` for what is no time */
  timestamp(value: unknown): number
}

/** Checks the type of a value, and turns it into ours. */
export type Convert = (value: unknown, form: WireForm) => unknown

const longMax = 2 ** 53
const integerMax = 2 ** 31 - 1

/** Makes the converter of a shape that is neither list, map nor structure. */
export function converterOf(shape: MemberShape): Convert {
  switch (shape.type) {
    case 'string':
      return toText
    case 'boolean':
      return toBoolean
    case 'integer':
      return (value) => Math.min(Math.floor(toNumber(value, 'Integer')), integerMax)
    case 'long':
      return (value) => Math.min(Math.floor(toNumber(value, 'Long')), longMax)
    case 'double':
      return (value) => toNumber(value, 'Double')
    case 'blob':
      return (value, form) => form.blob(value)
    case 'timestamp':
      return (value, form) => form.timestamp(value)
    default:
      throw new Error(`${shape.type} is no scalar`)
  }
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value
  throw serializationFault(
    isNested(value) ? nested(value) : `class ${classOf(value)} can not be converted to an String`,
  )
}

function toBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw serializationFault(
    isNested(value) ? nested(value) : `class ${classOf(value)} can not be converted to an Boolean`,
  )
}

function toNumber(value: unknown, wanted: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw serializationFault(
    isNested(value) ? nested(value) : `class ${classOf(value)} can not be converted to an ${wanted}`,
  )
}

/** What is wrong with a value that should have been a blob or a time. */
export function notConvertible(value: unknown, wanted: string): Error {
  return serializationFault(
    isNested(value) ? nested(value) : `class ${classOf(value)} can not be converted to ${wanted}`,
  )
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
}

function nested(value: unknown): string {
  return Array.isArray(value)
    ? 'Start of list found where not expected'
    : 'Start of structure or map found where not expected.'
}

/** The class that the service names for a value. */
function classOf(value: unknown): string {
  switch (typeof value) {
    case 'boolean':
      return 'java.lang.Boolean'
    case 'string':
      return 'java.lang.String'
    case 'number':
      return classOfNumber(value)
    default:
      return value instanceof Uint8Array ? 'java.nio.HeapByteBuffer' : 'java.lang.Object'
  }
}

function classOfNumber(value: number): string {
  if (!Number.isInteger(value)) return 'java.lang.Double'
  if (value >= -32_768 && value <= 32_767) return 'java.lang.Short'
  return value >= -(2 ** 31) && value <= integerMax ? 'java.lang.Integer' : 'java.lang.Long'
}
