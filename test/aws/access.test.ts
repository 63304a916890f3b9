import { expect, describe, it } from 'vitest'
import { operationAccess } from '../../src/aws/kinesis/access.ts'
import { kinesisModel } from '../../src/aws/model/model.ts'

describe('the table of what operations ask of a policy', () => {
  const names = Object.keys(kinesisModel.operations)

  it('has every operation of the model and no other', () => {
    expect(Object.keys(operationAccess).toSorted()).toEqual(names.toSorted())
  })

  it('asks no stream of an operation whose input can name none, and one of all others', () => {
    const naming = new Set(['StreamName', 'StreamARN', 'ConsumerARN', 'ResourceARN', 'ShardIterator'])
    const wrong = names.filter((name) => {
      const members = Object.keys(kinesisModel.structures[kinesisModel.operations[name]?.input ?? ''] ?? {})
      return (operationAccess[name]?.of === 'stream') !== members.some((member) => naming.has(member))
    })
    expect(wrong).toEqual([])
  })

  it('lets no operation that writes pass as a look', () => {
    const looks = names.filter((name) => operationAccess[name]?.access === 'any')
    expect(looks.filter((name) => !/^(Describe|List)/.test(name))).toEqual([])
  })
})
