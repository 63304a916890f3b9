import { describe, expect, it } from 'vitest'
import { operationAccess } from '../../../src/aws/firehose/access.ts'
import { operations } from '../../../src/aws/firehose/operations.ts'
import { firehoseModel } from '../../../src/aws/model/model.ts'
import asAws from '../../../src/aws/model/firehose-operations.json' with { type: 'json' }
import { judgedBy } from '../judged.ts'
import { insideCases, outsideCases, rightInputs } from '../model-cases.ts'

const names = Object.keys(firehoseModel.operations)

const judged = judgedBy(firehoseModel)

it('has an operation of ours for each of the 12, and what it asks of a policy', () => {
  expect(names).toHaveLength(12)
  expect([...operations.keys()].toSorted()).toEqual(names.toSorted())
  expect(Object.keys(operationAccess).toSorted()).toEqual(names.toSorted())
})

it('lets no operation that writes pass as a look', () => {
  const looks = names.filter((name) => operationAccess[name]?.access === 'any')
  expect(looks.filter((name) => !/^(Describe|List)/.test(name))).toEqual([])
})

it('differs from the model of AWS in one pattern', () => {
  const { HttpEndpointConfiguration: ours, ...others } = firehoseModel.structures
  const { HttpEndpointConfiguration: theirs, ...theirOthers } =
    asAws.structures as typeof firehoseModel.structures
  expect(others).toEqual(theirOthers)
  expect({ ...ours, Url: { ...ours?.['Url'], pattern: theirs?.['Url']?.pattern } }).toMatchObject({
    Url: { required: true, type: 'string', min: 1, max: 1000 },
    Name: theirs?.['Name'],
    AccessKey: theirs?.['AccessKey'],
  })
})

describe('[A] requests: every constraint of every member of Firehose holds', () => {
  it.each(names)('%s takes an input with all members, and one with the required ones only', (operation) => {
    for (const input of rightInputs(operation, firehoseModel))
      expect(judged(operation, input)?.message).toBeUndefined()
  })

  it.each(names)('%s takes what lies just inside of each constraint', (operation) => {
    for (const { path, input } of insideCases(operation, firehoseModel)) {
      expect({ path, fault: judged(operation, input)?.message }).toEqual({ path, fault: undefined })
    }
  })

  it.each(names)('%s refuses what lies just outside of each constraint, by member and rule', (operation) => {
    for (const { path, constraint, input } of outsideCases(operation, firehoseModel)) {
      const fault = judged(operation, input)
      expect({ path, type: fault?.type }).toEqual({ path, type: 'ValidationException' })
      expect(fault?.message).toContain(`at '${path}' failed to satisfy constraint: ${constraint}`)
    }
  })

  it('are thousands', () => {
    expect(names.flatMap((name) => outsideCases(name, firehoseModel)).length).toBeGreaterThan(1000)
    expect(names.flatMap((name) => insideCases(name, firehoseModel)).length).toBeGreaterThan(400)
  })

  it.each(names)('%s refuses a member that it does not have, by name', (operation) => {
    const [, input = {}] = rightInputs(operation, firehoseModel)
    const fault = judged(operation, { ...input, Surprise: 1 })
    expect(fault?.type).toBe('ValidationException')
    expect(fault?.message).toContain(`${operation} has no member 'Surprise'`)
  })
})
