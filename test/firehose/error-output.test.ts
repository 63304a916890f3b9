import { expect, it } from 'vitest'
import { Lane } from '../../src/firehose/buffers/lane.ts'
import { MemoryBudget } from '../../src/firehose/buffers/memory-budget.ts'
import { Checkpoint } from '../../src/firehose/checkpoint.ts'
import { DeliveryJournal } from '../../src/firehose/delivery-journal.ts'
import { DeliveryCounters } from '../../src/firehose/delivery-stats.ts'
import { ErrorOutput } from '../../src/firehose/error-output.ts'
import { KiB, MiB, minuteMs } from '../../src/units.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { DeliveryRig } from './delivery-rig.ts'

it('memory is looked after once for each MiB of failed records, not for each of them', async () => {
  await using rig = new DeliveryRig()
  const clock = new ManualClock()
  const memory = new MemoryBudget(KiB)
  let reliefs = 0
  memory.relieve = async () => {
    reliefs += 1
  }
  const host = { clock, savePosition: async () => {}, onSaveFailed: () => {} }
  const checkpoint = new Checkpoint(host, undefined)
  const rules = { hints: { bytes: 64 * MiB, ms: minuteMs }, keepsOrigins: false, deliveringMax: 1 }
  const lane = new Lane(rules, {
    clock,
    memory,
    checkpoint,
    nextPath: () => 'unused',
    deliver: async () => {},
  })
  const counters = new DeliveryCounters()
  const errors = new ErrorOutput({
    clock,
    memory,
    counters,
    lane,
    table: undefined,
    region: 'eu-west-1',
    destination: 'arn:aws:s3:::errors',
    journal: new DeliveryJournal({ state: rig.state, clock, counters, onLog: undefined }),
  })
  const record = { data: new Uint8Array(300), arrivedAtMs: 0 }
  const failed = { record, type: 's3-failed', code: 'S3.Down', message: 'down', attempts: 1 } as const
  await errors.add(
    Array.from({ length: 10_000 }, () => failed),
    checkpoint.begin().mark,
  )
  const [buffer] = lane.buffers()
  expect(buffer?.records).toBe(10_000)
  expect(reliefs).toBe(1 + Math.floor((buffer?.bytes ?? 0) / MiB))
  await lane.release()
})
