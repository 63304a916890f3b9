import { describe, expect, it } from 'vitest'
import type { SyncStats } from '../../../src/log/sync-stats.ts'
import type { Subject } from '../subject.ts'
import { append, appendOne, variedEntries } from '../traffic.ts'

/** Appends one record after the other, each answered before the next, and says what was synced meanwhile. */
async function appended(
  subject: Subject,
  records: number,
): Promise<{ readonly before: SyncStats; readonly after: SyncStats }> {
  const before = await subject.engine.syncStats()
  for (let index = 0; index < records; index++) await appendOne(subject.log, `${index}`)
  return { before, after: await subject.engine.syncStats() }
}

export function syncStatsClaims(subject: Subject): void {
  describe('syncStats', () => {
    it('counts a sync at least for each append that is durable once it is answered', async (test) => {
      test.skip(subject.engine.caps.durability !== 'synced', 'appends are not made durable')
      await appendOne(subject.log, 'first')
      const { before, after } = await appended(subject, 20)
      expect(after.count).toBeGreaterThanOrEqual(before.count + 20)
      expect(after.seconds).toBeGreaterThan(before.seconds)
      expect(after.failed).toBe(0)
    })

    it('counts what makes records durable that were not', async (test) => {
      test.skip(subject.engine.caps.durability === 'memory', 'nothing is made durable')
      const { before } = await appended(subject, 1)
      await subject.log.flush()
      expect((await subject.engine.syncStats()).count).toBeGreaterThan(before.count)
    })

    it('has none where nothing is made durable', async (test) => {
      test.skip(subject.engine.caps.durability !== 'memory', 'this engine syncs')
      const meta = await subject.engine.openMeta()
      await appendOne(meta, 'command')
      await append(subject.log, variedEntries(100))
      await subject.log.flush()
      await subject.log.seal()
      await subject.log.close()
      await subject.engine.drop('stream', [subject.slot])
      expect(await subject.engine.syncStats()).toMatchObject({ count: 0, failed: 0, seconds: 0 })
    })

    it('has every sync in one bucket, of ascending ones the last of which never ends', async () => {
      await appended(subject, 20)
      await subject.log.flush()
      const { count, buckets } = await subject.engine.syncStats()
      const ends = buckets.map(({ upToSeconds }) => upToSeconds)
      expect(ends).toEqual([...new Set(ends)].toSorted((a, b) => a - b))
      expect(ends.at(-1)).toBe(Number.POSITIVE_INFINITY)
      expect(buckets.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(count)
    })

    it('begins anew with the engine', async (test) => {
      test.skip(subject.engine.caps.durability !== 'synced', 'there are too few syncs to tell')
      test.skip(subject.options.reopen === undefined, 'nothing outlives this engine')
      const { after } = await appended(subject, 100)
      await subject.reopenEngine()
      expect((await subject.engine.syncStats()).count).toBeLessThan(after.count)
    })
  })
}
