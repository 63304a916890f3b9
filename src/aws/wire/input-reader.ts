import type { MemberShape, ServiceModel, StructureShape } from '../model/model.ts'
import { checksOf, type Checks, shownList, shownMap } from './constraints.ts'
import { type Fault, serializationFault, validationFault } from './fault.ts'
import { MemberPath } from './member-path.ts'
import { converterOf, type WireForm } from './scalar.ts'

/** Failures that one answer lists, at most. */
const failuresMax = 10

/** One request that is being read. */
interface Reading {
  readonly form: WireForm
  /** Members that break a constraint, as the service words it. */
  readonly failures: string[]
  /** The first member that the model does not have. */
  unknown: string | undefined
}

type ReadValue = (value: unknown, at: MemberPath, reading: Reading) => unknown

/** Turns a decoded request into the input of an operation: blobs as bytes, timestamps as milliseconds. */
export type ReadInput = (body: unknown, form: WireForm) => unknown

/**
 * Makes the reader of one operation's input out of the model. It judges as the service does: a value of the wrong
 * type is a `SerializationException` wherever it stands; then every member that breaks a constraint is listed in one
 * `ValidationException`; a member that the model does not have is refused by its name.
 *
 * @param operation for messages
 */
export function inputReader(model: ServiceModel, operation: string, structure: string | null): ReadInput {
  const members = structure === null ? {} : structureOf(model, structure)
  const read = structureReader(members, (shape) => readerOf(model, shape))
  const root = new MemberPath(undefined, '')
  return (body, form) => {
    const reading: Reading = { form, failures: [], unknown: undefined }
    const input = read(body, root, reading)
    if (reading.failures.length > 0) throw failed(reading.failures)
    if (reading.unknown !== undefined) throw notInModel(operation, reading.unknown)
    return input
  }
}

function failed(failures: readonly string[]): Fault {
  const count = `${failures.length} validation error${failures.length === 1 ? '' : 's'} detected: `
  return validationFault(count + failures.join('; '))
}

function notInModel(operation: string, member: string): Fault {
  return validationFault(
    `${operation} has no member '${member.slice(0, 128)}' in the model that this version of millrace knows`,
  )
}

function structureOf(model: ServiceModel, name: string): StructureShape {
  const structure = model.structures[name]
  if (structure === undefined) throw new Error(`the model has no structure ${name}`)
  return structure
}

function readerOf(model: ServiceModel, shape: MemberShape): ReadValue {
  switch (shape.type) {
    case 'structure': {
      const members = structureOf(model, shape.shape ?? '')
      return structureReader(members, (member) => readerOf(model, member))
    }
    case 'list':
      return listReader(shape, readerOf(model, entryOf(shape.member)))
    case 'map':
      return mapReader(shape)
    default:
      return scalarReader(shape)
  }
}

function entryOf(shape: MemberShape | undefined): MemberShape {
  if (shape === undefined) throw new Error('the model has a list or map without entries')
  return shape
}

function fail(reading: Reading, shown: string, at: MemberPath, constraint: string): void {
  if (reading.failures.length >= failuresMax) return
  reading.failures.push(`Value ${shown} at '${at.text}' failed to satisfy constraint: ${constraint}`)
}

function scalarReader(shape: MemberShape): ReadValue {
  const convert = converterOf(shape)
  const checks = checksOf(shape)
  return (value, at, reading) => {
    const converted = convert(value, reading.form)
    // What nobody would be told of is not looked for.
    if (reading.failures.length >= failuresMax) return converted
    for (const constraint of checks.broken(converted)) {
      fail(reading, checks.shown(converted), at, constraint)
    }
    return converted
  }
}

interface MemberReader {
  readonly name: string
  readonly required: boolean
  readonly read: ReadValue
}

/** Paths of a structure's members, in the order of their readers. */
interface MemberPaths {
  readonly at: MemberPath
  readonly members: readonly MemberPath[]
}

function structureReader(members: StructureShape, compile: (shape: MemberShape) => ReadValue): ReadValue {
  const readers: readonly MemberReader[] = Object.entries(members).map(([name, shape]) => ({
    name,
    required: shape.required === true,
    read: compile(shape),
  }))
  // All entries of a list have one path, and so have their members.
  let known: MemberPaths | undefined
  return (value, at, reading) => {
    if (Array.isArray(value)) throw serializationFault('Start of list found where not expected')
    if (!isDocument(value)) throw serializationFault('Expected null')
    if (known?.at !== at) known = { at, members: readers.map(({ name }) => new MemberPath(at, name)) }
    const paths = known.members
    const input: Record<string, unknown> = {}
    let found = 0
    for (let index = 0; index < readers.length; index++) {
      const { name, required, read } = readers[index] as MemberReader
      const path = paths[index] as MemberPath
      path.index = -1
      const member = value[name]
      if (member !== undefined) found += 1
      if (member !== undefined && member !== null) input[name] = read(member, path, reading)
      else if (required) fail(reading, 'null', path, 'Member must not be null')
    }
    if (Object.keys(value).length !== found) {
      reading.unknown ??= Object.keys(value).find((name) => !Object.hasOwn(members, name))
    }
    return input
  }
}

/** A map of the protocol: JSON's objects and CBOR's, never bytes or times. */
function isDocument(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function listReader(shape: MemberShape, read: ReadValue): ReadValue {
  const checks = checksOf(shape)
  const entry = entryOf(shape.member)
  const scalar = entry.type === 'string' ? checksOf(entry) : undefined
  const convert = scalar === undefined ? undefined : converterOf(entry)
  return (value, at, reading) => {
    if (!Array.isArray(value)) {
      throw serializationFault(
        isDocument(value) ? 'Start of structure or map found where not expected.' : 'Expected list or null',
      )
    }
    for (const constraint of checks.broken(value)) fail(reading, shownList(value), at, constraint)
    if (isFarTooMany(value, shape)) return []
    if (scalar !== undefined && convert !== undefined) {
      if (value.some(isAbsent)) {
        fail(reading, shownList(value), at, 'Member must satisfy constraint: [Member must not be null]')
        return []
      }
      const texts = value.map((each) => convert(each, reading.form))
      if (texts.some((text) => scalar.broken(text).length > 0)) {
        fail(reading, shownList(value), at, `Member must satisfy constraint: [${scalar.rule}]`)
      }
      return texts
    }
    return value.map((each: unknown, index) => {
      at.index = index
      if (!isAbsent(each)) return read(each, at, reading)
      fail(reading, 'null', at, 'Member must not be null')
      return undefined
    })
  }
}

/** So many entries that they are refused for that alone: what each of them is like, nobody looks at. */
function isFarTooMany(
  { length }: { readonly length: number },
  { max = Number.POSITIVE_INFINITY }: MemberShape,
): boolean {
  return length > 2 * max
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined
}

function mapReader(shape: MemberShape): ReadValue {
  const checks = checksOf(shape)
  const key = checksOf(entryOf(shape.key))
  const valueChecks: Checks = checksOf(entryOf(shape.value))
  const convert = converterOf(entryOf(shape.value))
  return (value, at, reading) => {
    if (Array.isArray(value)) throw serializationFault('Start of list found where not expected')
    if (!isDocument(value)) throw serializationFault('Expected map or null')
    const names = Object.keys(value)
    if (isFarTooMany(names, shape)) {
      for (const constraint of checks.broken(names)) fail(reading, shownMap(value), at, constraint)
      return new Map()
    }
    if (Object.values(value).some(isAbsent)) {
      fail(reading, shownMap(value), at, 'Map value must satisfy constraint: [Member must not be null]')
      return new Map()
    }
    const entries = Object.entries(value).map(([name, each]) => [name, convert(each, reading.form)] as const)
    for (const constraint of checks.broken(entries)) fail(reading, shownMap(value), at, constraint)
    if (entries.some(([name]) => key.broken(name).length > 0)) {
      fail(reading, shownMap(value), at, `Map keys must satisfy constraint: [${key.rule}]`)
    }
    if (entries.some(([, each]) => valueChecks.broken(each).length > 0)) {
      fail(reading, shownMap(value), at, `Map value must satisfy constraint: [${valueChecks.rule}]`)
    }
    return new Map(entries)
  }
}
