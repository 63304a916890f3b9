import { describe, expect, it } from 'vitest'
import { operations } from '../../src/aws/kinesis/operations.ts'
import { kinesisModel } from '../../src/aws/model/model.ts'
import { judgedBy } from './judged.ts'
import { type Document, insideCases, outsideCases, rightInputs } from './model-cases.ts'

const names = Object.keys(kinesisModel.operations)

const judged = judgedBy(kinesisModel)

it('has an operation of ours for each of the 45', () => {
  expect(names).toHaveLength(45)
  expect([...operations.keys()].toSorted()).toEqual(names.toSorted())
})

describe('[A] requests: every constraint of every member holds', () => {
  it.each(names)('%s takes an input with all members, and one with the required ones only', (operation) => {
    for (const input of rightInputs(operation)) expect(judged(operation, input)).toBeUndefined()
  })

  it.each(names)('%s takes what lies just inside of each constraint', (operation) => {
    for (const { path, input } of insideCases(operation)) {
      expect({ path, fault: judged(operation, input)?.message }).toEqual({ path, fault: undefined })
    }
  })

  it.each(names)('%s refuses what lies just outside of each constraint, by member and rule', (operation) => {
    for (const { path, constraint, input } of outsideCases(operation)) {
      const fault = judged(operation, input)
      expect({ path, type: fault?.type }).toEqual({ path, type: 'ValidationException' })
      expect(fault?.message).toMatch(/^[1-9]\d? validation errors? detected: Value /)
      expect(fault?.message).toContain(`at '${path}' failed to satisfy constraint: ${constraint}`)
    }
  })

  it('are hundreds', () => {
    expect(names.flatMap((name) => outsideCases(name)).length).toBeGreaterThan(400)
    expect(names.flatMap((name) => insideCases(name)).length).toBeGreaterThan(200)
  })

  it.each(names)('%s refuses a member that it does not have, by name', (operation) => {
    const [, input = {}] = rightInputs(operation)
    const fault = judged(operation, { ...input, Surprise: 1 })
    expect(fault?.type).toBe('ValidationException')
    expect(fault?.message).toContain(`${operation} has no member 'Surprise'`)
  })

  it.each(names)('%s leaves out members that are null', (operation) => {
    const [all = {}, required = {}] = rightInputs(operation)
    const nulled = Object.fromEntries(Object.keys(all).map((name) => [name, required[name] ?? null]))
    expect(judged(operation, nulled)).toBeUndefined()
  })
})

describe('an entry that is null', () => {
  it.each([
    ['PutRecords', { StreamName: 's', Records: [null] }, "Value null at 'records.1.member'"],
    [
      'UntagResource',
      { ResourceARN: 'arn:aws:kinesis:r:000000000000:stream/s', TagKeys: [null] },
      "at 'tagKeys'",
    ],
    ['AddTagsToStream', { StreamName: 's', Tags: { a: null } }, "at 'tags'"],
  ])('is refused by its member: %s %j', (operation, input, place) => {
    const fault = judged(operation, input)
    expect(fault?.type).toBe('ValidationException')
    expect(fault?.message).toContain(place)
    expect(fault?.message).toContain('Member must not be null')
  })
})

describe('[K] requests: a value of the wrong type is a SerializationException', () => {
  it.each([
    ['PutRecord', { StreamName: 1 }, 'class java.lang.Short can not be converted to an String'],
    ['PutRecord', { StreamName: 1.5 }, 'class java.lang.Double can not be converted to an String'],
    ['PutRecord', { StreamName: 100_000 }, 'class java.lang.Integer can not be converted to an String'],
    ['PutRecord', { StreamName: 1e12 }, 'class java.lang.Long can not be converted to an String'],
    ['PutRecord', { StreamName: true }, 'class java.lang.Boolean can not be converted to an String'],
    ['PutRecord', { StreamName: [] }, 'Start of list found where not expected'],
    ['PutRecord', { StreamName: {} }, 'Start of structure or map found where not expected.'],
    ['PutRecord', { Data: 1 }, 'class java.lang.Short can not be converted to a Blob'],
    ['PutRecords', { Records: {} }, 'Start of structure or map found where not expected.'],
    ['PutRecords', { Records: 'x' }, 'Expected list or null'],
    ['PutRecords', { Records: [[]] }, 'Start of list found where not expected'],
    ['CreateStream', { ShardCount: '1' }, 'class java.lang.String can not be converted to an Integer'],
    ['CreateStream', { Tags: [] }, 'Start of list found where not expected'],
    ['CreateStream', { Tags: { a: 1 } }, 'class java.lang.Short can not be converted to an String'],
    [
      'DeleteStream',
      { EnforceConsumerDeletion: 0 },
      'class java.lang.Short can not be converted to an Boolean',
    ],
    ['ListShards', { StreamCreationTimestamp: 'x' }, 'can not be converted to milliseconds since epoch'],
  ])('%s %j', (operation, input, message) => {
    const fault = judged(operation, input)
    expect(fault?.type).toBe('SerializationException')
    expect(fault?.message).toContain(message)
  })

  it.each([[[]], ['text'], [1], [null]])('the whole input: %j', (input) => {
    expect(judged('ListStreams', input as unknown as Document)?.type).toBe('SerializationException')
  })
})
