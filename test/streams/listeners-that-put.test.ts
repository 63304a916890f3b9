import { describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import type { LimitsMode } from '../../src/streams/limits.ts'
import type { PutResult } from '../../src/streams/put.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { bytesOf, collect } from './subject.ts'

/** A stream whose listener for limits puts `alarms` records with `how` when it is first told something. */
async function alarming(
  limits: LimitsMode,
  alarm: (stream: Stream) => unknown,
): Promise<{ readonly stream: Stream; close(): Promise<void> }> {
  let told = 0
  const store = await open('memory:', {
    limits,
    onLimit: () => {
      if (told++ === 0) alarm(stream)
    },
  })
  const stream: Stream = await store.createStream('s', { shards: 4 })
  return { stream, close: () => store.close() }
}

const many = Array.from({ length: 4800 }, (_, n) => ({ partitionKey: `k${n}`, data: bytesOf(`x${n}`) }))
const alarms = Array.from({ length: 9 }, (_, n) => ({
  partitionKey: `alarm${n}`,
  data: bytesOf(`alarm${n}`),
}))

function acknowledged(results: readonly PutResult[]): string[] {
  return results.flatMap((result) => (result.ok ? [result.sequenceNumber] : []))
}

async function storedIn(stream: Stream): Promise<string[]> {
  const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
  return records.map(({ sequenceNumber }) => sequenceNumber)
}

describe.each(['report', 'enforce'] as const)(
  'a listener of limits that puts records, limits %s',
  (limits) => {
    it('by putBatch: every acknowledged record is stored once', async () => {
      let nested: Promise<readonly PutResult[]> | undefined
      const { stream, close } = await alarming(limits, (to) => (nested = to.putBatch(alarms)))
      const results = await stream.putBatch(many)
      const all = [...acknowledged(results), ...acknowledged((await nested) ?? [])]
      expect((await storedIn(stream)).toSorted()).toEqual(all.toSorted())
      await close()
    })

    it('while single puts are stored: every acknowledged record is stored once', async () => {
      let nested: Promise<readonly PutResult[]> | undefined
      const { stream, close } = await alarming(limits, (to) => (nested = to.putBatch(alarms)))
      const puts = await Promise.allSettled(
        many.map(({ partitionKey, data }) => stream.put(partitionKey, data)),
      )
      const own = puts.flatMap((put) => (put.status === 'fulfilled' ? [put.value.sequenceNumber] : []))
      const all = [...own, ...acknowledged((await nested) ?? [])]
      expect((await storedIn(stream)).toSorted()).toEqual(all.toSorted())
      await close()
    })

    it('by append: is told that others are under way', async () => {
      let code: unknown
      const { stream, close } = await alarming(limits, (to) => {
        try {
          to.append('alarm', bytesOf('alarm'))
        } catch (error) {
          code = (error as { readonly code?: unknown }).code
        }
      })
      const results = await stream.putBatch(many)
      expect(code).toBe('ERR_MILLRACE_BACKLOG')
      expect((await storedIn(stream)).toSorted()).toEqual(acknowledged(results).toSorted())
      await close()
    })
  },
)
