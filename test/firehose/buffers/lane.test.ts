import { expect, it } from 'vitest'
import { Lane } from '../../../src/firehose/buffers/lane.ts'
import { MemoryBudget } from '../../../src/firehose/buffers/memory-budget.ts'
import { Checkpoint } from '../../../src/firehose/checkpoint.ts'
import { MiB, minuteMs } from '../../../src/units.ts'
import { ManualClock } from '../../model/manual-clock.ts'

it('delivers a buffer of little data and long origins before it takes all of the disk', async () => {
  const clock = new ManualClock()
  const checkpoint = new Checkpoint(
    { clock, savePosition: async () => {}, onSaveFailed: () => {} },
    undefined,
  )
  const delivered: number[] = []
  const lane = new Lane(
    { hints: { bytes: MiB, ms: minuteMs }, keepsOrigins: true, deliveringMax: 1 },
    {
      clock,
      memory: new MemoryBudget(256 * MiB),
      checkpoint,
      nextPath: () => 'unused',
      deliver: async ({ records }) => {
        delivered.push(records)
      },
    },
  )
  const { mark } = checkpoint.begin()
  const partitionKey = 'k'.repeat(MiB)
  const origin = { shardId: 'shardId-000000000000', partitionKey, sequenceNumber: '1', subsequenceNumber: 0 }
  for (let record = 0; record < 130; record++) {
    expect(
      lane.append('', undefined, { data: Buffer.from('x'), arrivedAtMs: 0, origin }, mark),
    ).toBeUndefined()
  }
  expect(delivered).toEqual([128])
  await lane.settled()
  await lane.release()
})
