import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { Lane, type LaneHost } from '../../../src/firehose/buffers/lane.ts'
import { MemoryBudget } from '../../../src/firehose/buffers/memory-budget.ts'
import type { RecordBuffer } from '../../../src/firehose/buffers/record-buffer.ts'
import { Checkpoint } from '../../../src/firehose/checkpoint.ts'
import { MiB, minuteMs } from '../../../src/units.ts'
import { Stopped } from '../../../src/firehose/retry.ts'
import { ManualClock, settled } from '../../model/manual-clock.ts'

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

const record = { data: Buffer.from('x'), arrivedAtMs: 0 }

/** A lane over a folder of its own. */
function laneWith(deliver: LaneHost['deliver']): {
  readonly lane: Lane
  readonly memory: MemoryBudget
  readonly clock: ManualClock
  readonly checkpoint: Checkpoint
  readonly folder: string
} {
  const clock = new ManualClock()
  const memory = new MemoryBudget()
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lane-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const host = { clock, savePosition: async () => {}, onSaveFailed: () => {} }
  const checkpoint = new Checkpoint(host, undefined)
  const rules = { hints: { bytes: MiB, ms: minuteMs }, keepsOrigins: false, deliveringMax: 1 }
  let files = 0
  const nextPath = (): string => join(folder, String((files += 1)))
  return {
    lane: new Lane(rules, { clock, memory, checkpoint, nextPath, deliver }),
    memory,
    clock,
    checkpoint,
    folder,
  }
}

it('takes nothing once it is released: no memory, and no timer', async () => {
  const { lane, memory, clock, checkpoint } = laneWith(async () => {})
  const { mark } = checkpoint.begin()
  await lane.release()
  await expect(lane.append('', undefined, record, mark)).rejects.toBeInstanceOf(Stopped)
  expect([memory.usedBytes, clock.pending]).toEqual([0, 0])
})

it('is released when nothing is left of what was delivered before', async () => {
  const delivered: RecordBuffer[] = []
  const { lane, checkpoint, folder } = laneWith(async (buffer) => {
    delivered.push(buffer)
    // It is being spilled when its delivery ends.
    void buffer.spill()
  })
  lane.append('', undefined, record, checkpoint.begin().mark)
  lane.flush()
  await settled()
  expect(delivered).toHaveLength(1)
  await lane.release()
  expect(readdirSync(folder)).toEqual([])
})
