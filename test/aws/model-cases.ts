import fc from 'fast-check'
import {
  kinesisModel,
  type MemberShape,
  type ServiceModel,
  type StructureShape,
} from '../../src/aws/model/model.ts'

/** A document of the wire: JSON's values, blobs as base64. */
export type Document = Readonly<Record<string, unknown>>

/** One value that a constraint refuses, within an input that is right otherwise. */
export interface OutsideCase {
  readonly operation: string
  /** As the service names the member: `records.1.member.data`. */
  readonly path: string
  /** The constraint, as the service words it. */
  readonly constraint: string
  readonly input: Document
}

/** One value at the edge of what a constraint takes. */
export interface InsideCase {
  readonly operation: string
  readonly path: string
  readonly input: Document
}

/** An input with every member set, and one with the required ones only. */
export function rightInputs(operation: string, model: ServiceModel = kinesisModel): readonly Document[] {
  const members = membersOf(operation, model)
  return [
    documentOf(members, model, () => true),
    documentOf(members, model, ({ required }) => required === true),
  ]
}

/** Every constraint of every member of an operation's input: values outside. */
export function outsideCases(operation: string, model: ServiceModel = kinesisModel): readonly OutsideCase[] {
  return casesIn(membersOf(operation, model), '', model).flatMap(({ path, constraint, outside, put }) =>
    outside === undefined ? [] : [{ operation, path, constraint, input: put(outside.value) }],
  )
}

/** Every constraint of every member of an operation's input: values at the edge, inside. */
export function insideCases(operation: string, model: ServiceModel = kinesisModel): readonly InsideCase[] {
  return casesIn(membersOf(operation, model), '', model).flatMap(({ path, inside, put }) =>
    inside === undefined ? [] : [{ operation, path, input: put(inside.value) }],
  )
}

interface Case {
  readonly path: string
  readonly constraint: string
  readonly inside?: { readonly value: unknown }
  readonly outside?: { readonly value: unknown }
  /** The whole input with this value at the path. */
  put(value: unknown): Document
}

function membersOf(operation: string, model: ServiceModel): StructureShape {
  const input = model.operations[operation]?.input
  return input === undefined || input === null ? {} : (model.structures[input] as StructureShape)
}

function documentOf(
  members: StructureShape,
  model: ServiceModel,
  wanted: (shape: MemberShape) => boolean,
): Record<string, unknown> {
  const entries = Object.entries(members).filter(([, shape]) => wanted(shape))
  return Object.fromEntries(entries.map(([name, shape]) => [name, sampleOf(shape, model)]))
}

function casesIn(members: StructureShape, prefix: string, model: ServiceModel): readonly Case[] {
  return Object.entries(members).flatMap(([name, shape]) => {
    const path = `${prefix}${name.slice(0, 1).toLowerCase()}${name.slice(1)}`
    const put = (value: unknown): Document => {
      const document = documentOf(members, model, ({ required }) => required === true)
      if (value === undefined) delete document[name]
      else document[name] = value
      return document
    }
    const own = casesOf(shape, model).map((each): Case => ({ ...each, path, put }))
    const missing: Case[] =
      shape.required === true
        ? [{ path, constraint: 'Member must not be null', outside: { value: undefined }, put }]
        : []
    return [...missing, ...own, ...nestedCases(shape, path, put, model)]
  })
}

function nestedCases(
  shape: MemberShape,
  path: string,
  put: (value: unknown) => Document,
  model: ServiceModel,
): readonly Case[] {
  const entry = shape.type === 'list' ? shape.member : shape
  if (entry?.type !== 'structure') return []
  const members = model.structures[entry.shape ?? ''] as StructureShape
  const prefix = shape.type === 'list' ? `${path}.1.member.` : `${path}.`
  const wrap = (document: Document): unknown => (shape.type === 'list' ? [document] : document)
  return casesIn(members, prefix, model).map((inner) => ({
    ...inner,
    put: (value) => put(wrap(inner.put(value))),
  }))
}

type OwnCase = Pick<Case, 'constraint' | 'inside' | 'outside'>

function casesOf(shape: MemberShape, model: ServiceModel): readonly OwnCase[] {
  switch (shape.type) {
    case 'string':
      return stringCases(shape)
    case 'integer':
    case 'long':
    case 'double':
      return numberCases(shape)
    case 'blob':
      return shape.max === undefined
        ? []
        : [
            {
              constraint: `Member must have length less than or equal to ${shape.max}`,
              inside: { value: Buffer.alloc(shape.max).toString('base64') },
              outside: { value: Buffer.alloc(shape.max + 1).toString('base64') },
            },
          ]
    case 'list':
      return listCases(shape, model)
    case 'map':
      return mapCases(shape)
    default:
      return []
  }
}

function stringCases(shape: MemberShape): readonly OwnCase[] {
  const { enum: words, pattern, min, max } = shape
  const cases: OwnCase[] = []
  if (words !== undefined) {
    cases.push({
      constraint: `Member must satisfy enum value set: [${words.join(', ')}]`,
      inside: { value: words.at(-1) },
      outside: { value: 'NO_SUCH_WORD' },
    })
  }
  if (pattern !== undefined) {
    cases.push({
      constraint: `Member must satisfy regular expression pattern: ${pattern}`,
      inside: { value: stringOf(shape) },
      outside: { value: [' \n', ':', '\0'].find((text) => !wholeOf(pattern).test(text)) },
    })
  }
  if (min !== undefined && min > 0) {
    cases.push({
      constraint: `Member must have length greater than or equal to ${min}`,
      outside: { value: '' },
    })
  }
  if (max !== undefined) {
    cases.push({
      constraint: `Member must have length less than or equal to ${max}`,
      // Pairs of surrogates are one character.
      ...(pattern === undefined && { inside: { value: '😀'.repeat(max) } }),
      outside: { value: 'a'.repeat(max + 1) },
    })
  }
  return cases
}

function numberCases({ min, max }: MemberShape): readonly OwnCase[] {
  const cases: OwnCase[] = []
  if (min !== undefined) {
    cases.push({
      constraint: `Member must have value greater than or equal to ${min}`,
      inside: { value: min },
      outside: { value: min - 1 },
    })
  }
  if (max !== undefined) {
    cases.push({
      constraint: `Member must have value less than or equal to ${max}`,
      inside: { value: max },
      outside: { value: max + 1 },
    })
  }
  return cases
}

function listCases(shape: MemberShape, model: ServiceModel): readonly OwnCase[] {
  const entry = sampleOf(shape.member as MemberShape, model)
  const cases: OwnCase[] = []
  if (shape.min !== undefined && shape.min > 0) {
    cases.push({
      constraint: `Member must have length greater than or equal to ${shape.min}`,
      inside: { value: Array.from({ length: shape.min }, () => entry) },
      outside: { value: [] },
    })
  }
  if (shape.max !== undefined) {
    const { max } = shape
    cases.push({
      constraint: `Member must have length less than or equal to ${max}`,
      inside: { value: Array.from({ length: max }, () => entry) },
      outside: { value: Array.from({ length: max + 1 }, () => entry) },
    })
  }
  if (shape.member?.type === 'string') {
    for (const each of stringCases(shape.member)) {
      cases.push({
        constraint: 'Member must satisfy constraint: [',
        outside: { value: [each.outside?.value] },
      })
    }
  }
  return cases
}

function mapOf(count: number): Document {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 'value']))
}

function mapCases(shape: MemberShape): readonly OwnCase[] {
  const cases: OwnCase[] = []
  if (shape.min !== undefined && shape.min > 0) {
    cases.push({
      constraint: `Member must have length greater than or equal to ${shape.min}`,
      inside: { value: mapOf(shape.min) },
      outside: { value: {} },
    })
  }
  if (shape.max !== undefined) {
    cases.push({
      constraint: `Member must have length less than or equal to ${shape.max}`,
      inside: { value: mapOf(shape.max) },
      outside: { value: mapOf(shape.max + 1) },
    })
  }
  const longest = { key: shape.key?.max ?? 0, value: shape.value?.max ?? 0 }
  cases.push(
    {
      constraint: 'Map keys must satisfy constraint: [',
      outside: { value: { ['k'.repeat(longest.key + 1)]: 'v' } },
    },
    {
      constraint: 'Map value must satisfy constraint: [',
      outside: { value: { k: 'v'.repeat(longest.value + 1) } },
    },
  )
  return cases
}

/** A value that a shape takes. */
export function sampleOf(shape: MemberShape, model: ServiceModel): unknown {
  switch (shape.type) {
    case 'string':
      return stringOf(shape)
    case 'integer':
    case 'long':
      return shape.min ?? 1
    case 'double':
      return shape.min ?? 1.5
    case 'boolean':
      return false
    case 'blob':
      return 'YQ=='
    case 'timestamp':
      return 1_767_225_600
    case 'list':
      return Array.from({ length: Math.max(1, shape.min ?? 1) }, () =>
        sampleOf(shape.member as MemberShape, model),
      )
    case 'map':
      return { key: 'value' }
    default:
      return documentOf(model.structures[shape.shape ?? ''] as StructureShape, model, () => true)
  }
}

/** As the reader of inputs understands it. */
function wholeOf(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, pattern.includes(String.raw`\p{`) ? 'u' : '')
}

/** Found once for a pattern: making one takes its time. */
const matches = new Map<string, string>()

function stringOf({ enum: words, pattern, min = 1, max = 64 }: MemberShape): string {
  if (words !== undefined) return words[0] as string
  if (pattern === undefined) return 'a'.repeat(min)
  const known = matches.get(`${min} ${max} ${pattern}`)
  if (known !== undefined) return known
  const whole = wholeOf(pattern)
  // Nothing is made out of patterns that look around; all but one take letters.
  const plain = ['a'.repeat(Math.max(1, min)), 'jdbc:redshift://a.redshift.a:1/a'].find((text) =>
    whole.test(text),
  )
  if (plain !== undefined) return plain
  const matching = fc
    .stringMatching(new RegExp(`^(?:${pattern.replace(/^\^/, '')})$`))
    .filter((text) => text.length >= min && text.length <= max)
  const found = fc.sample(matching, { numRuns: 1, seed: 1 })[0] as string
  matches.set(`${min} ${max} ${pattern}`, found)
  return found
}
