import { describe, expect, it } from 'vitest'
import { readCold } from '../../src/log/cold-pages.ts'
import { NativePages } from '../../src/log/native-pages.ts'
import { ReadBlock } from '../../src/log/read-block.ts'
import { coldPages, type NativeLogReading, PageField } from '../../src/native/addon.ts'
import { settled } from '../model/manual-clock.ts'

/** A log of one page, of which `lacking` stretches are not in memory. A load ends when the test says so. */
class ColdLog implements NativeLogReading {
  readonly loads: { finish(): void }[] = []
  lacking: number
  reads = 0
  syncReads = 0
  closed = false

  constructor(lacking: number) {
    this.lacking = lacking
  }

  readResident(...call: Parameters<NativeLogReading['read']>): number {
    this.reads += 1
    if (this.closed) throw Object.assign(new Error('closed'), { code: 'ERR_MILLRACE_CLOSED' })
    return this.lacking > 0 ? coldPages : this.#answer(call[7])
  }

  read(...call: Parameters<NativeLogReading['read']>): number {
    this.syncReads += 1
    return this.#answer(call[7])
  }

  readRecord(): number {
    return this.lacking > 0 ? coldPages : 0
  }

  load(): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.lacking -= 1
        resolve()
      }
      this.loads.push({ finish })
    })
  }

  lease(): null {
    return null
  }

  readLeased(): number {
    throw new Error('nothing was leased')
  }

  seek(): number {
    return 1
  }

  stats(): void {}

  #answer(header: Float64Array): number {
    header[PageField.next] = 4
    header[PageField.atTail] = 1
    return 3
  }
}

const block = (): ReadBlock => new ReadBlock(100_000, 10)

describe('reading pages of the addon', () => {
  it('answers within the call what is in memory', () => {
    const log = new ColdLog(0)
    expect(new NativePages(log).read(1, 1000, 10, block())).toBe(3)
    expect(log.loads.length).toBe(0)
  })

  it('answers later what has to be loaded, after one load a stretch', async () => {
    const log = new ColdLog(2)
    const into = block()
    const answer = new NativePages(log).read(1, 1000, 10, into)
    expect(answer).toBeInstanceOf(Promise)
    expect(log.loads.length).toBe(1)
    log.loads[0]?.finish()
    await settled()
    expect(log.loads.length).toBe(2)
    log.loads[1]?.finish()
    expect(await answer).toBe(3)
    expect([into.count, into.next, into.atTail]).toEqual([3, 4, true])
    expect(log.syncReads).toBe(0)
  })

  it('fails as the log does when it is closed during a load', async () => {
    const log = new ColdLog(1)
    const answer = Promise.resolve(new NativePages(log).read(1, 1000, 10, block()))
    const outcome = answer.catch((error: unknown) => error)
    log.closed = true
    log.loads[0]?.finish()
    expect(await outcome).toMatchObject({ name: 'MillraceError', code: 'ERR_MILLRACE_CLOSED' })
  })

  it('reads within the call where it has to, whatever is in memory', () => {
    const log = new ColdLog(1)
    expect(new NativePages(log).readNow(1, 1000, 10, block())).toBe(3)
    expect([log.loads.length, log.syncReads]).toEqual([0, 1])
  })
})

describe('loads', () => {
  it('are two at a time; the next begins when one has ended, or failed', async () => {
    const logs = Array.from({ length: 5 }, () => new ColdLog(1))
    const begun = (): number => logs.reduce((sum, log) => sum + log.loads.length, 0)
    const outcomes = logs.map((log) =>
      readCold(log, () => log.readResident(1, 1, 1, u8, u32, f64, f64, header)).catch(String),
    )
    await settled()
    expect(begun()).toBe(2)
    const [first, second, third] = logs as [ColdLog, ColdLog, ColdLog]
    first.closed = true
    first.loads[0]?.finish()
    await settled()
    expect(begun()).toBe(3)
    second.loads[0]?.finish()
    third.loads[0]?.finish()
    await settled()
    expect(begun()).toBe(5)
    for (const log of logs.slice(3)) log.loads[0]?.finish()
    expect(await Promise.all(outcomes)).toEqual([expect.stringContaining('closed'), 3, 3, 3, 3])
  })

  it('are spared a read that waited for its turn, and is in memory by then', async () => {
    const [one, two, three] = [new ColdLog(1), new ColdLog(1), new ColdLog(1)]
    const outcomes = [one, two, three].map((log) =>
      readCold(log, () => log.readResident(1, 1, 1, u8, u32, f64, f64, header)),
    )
    three.lacking = 0
    one.loads[0]?.finish()
    two.loads[0]?.finish()
    expect(await Promise.all(outcomes)).toEqual([3, 3, 3])
    expect(three.loads.length).toBe(0)
  })
})

const u8 = new Uint8Array(1)
const u32 = new Uint32Array(6)
const f64 = new Float64Array(1)
const header = new Float64Array(PageField.count)

describe('whether there is more behind an offset', () => {
  it('is not known while it is not in memory, and then is', async () => {
    const log = new ColdLog(1)
    const pages = new NativePages(log)
    expect(pages.hasMore(1, false)).toBeUndefined()
    const loaded = pages.load()
    log.loads[0]?.finish()
    await loaded
    expect(pages.hasMore(1, false)).toBe(true)
    expect(log.syncReads).toBe(0)
  })

  it('is found out within the call where that may wait for the disk', () => {
    const log = new ColdLog(1)
    expect(new NativePages(log).hasMore(1, true)).toBe(true)
    expect(log.loads.length).toBe(0)
  })
})
