import fc from 'fast-check'
import type { MemberShape, ServiceModel } from '../../src/aws/model/model.ts'
import { sampleOf } from './model-cases.ts'

/** Values that make sense to a member, by its name. */
export type Sensible = Readonly<Record<string, readonly unknown[]>>

/**
 * Structures of a model, as a client would build them that knows the model and nothing else: each member is there or not,
 * numbers are in their range or just beside it, texts are what the member has a use for, or what its pattern takes.
 */
export function fromModel(structure: string, model: ServiceModel, sensible: Sensible): fc.Arbitrary<object> {
  const members = model.structures[structure] ?? {}
  const values = Object.fromEntries(
    Object.entries(members).map(([name, shape]) => [name, valueOf(name, shape, model, sensible)]),
  )
  const requiredKeys = Object.keys(members).filter((name) => members[name]?.required === true)
  return fc.record(values, { requiredKeys })
}

function valueOf(
  name: string,
  shape: MemberShape,
  model: ServiceModel,
  sensible: Sensible,
): fc.Arbitrary<unknown> {
  const words = sensible[name]
  if (words !== undefined) return fc.constantFrom(...words)
  switch (shape.type) {
    case 'structure':
      return fromModel(shape.shape ?? '', model, sensible)
    case 'list':
      return fc.array(valueOf(name, shape.member as MemberShape, model, sensible), { maxLength: 4 })
    case 'integer':
    case 'long': {
      const { min = 0, max = min + 1000 } = shape
      return fc.integer({ min: min - 1, max: max + 1 })
    }
    case 'boolean':
      return fc.boolean()
    default:
      return shape.enum === undefined ? fc.constant(sampleOf(shape, model)) : fc.constantFrom(...shape.enum)
  }
}
