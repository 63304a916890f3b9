import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { open, type Store } from '../../src/index.ts'
import { Crew } from './crew.ts'

/** Fills the first segment and begins the second. */
const records = 2_000
const payload = Buffer.alloc(1_000, 'x')

let crew: Crew
let store: Store
afterEach(async () => {
  await crew.dismiss()
  await store.close()
  crew.remove()
})

async function place(): Promise<void> {
  crew = new Crew()
  store = await open(crew.folder)
  const stream = await store.createStream('s')
  await stream.putBatch(Array.from({ length: records }, () => ({ partitionKey: 'k', data: payload })))
}

/** Mappings of leased segments, whichever thread has them: nothing else of ours is private. */
function leasedMappings(): number {
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n')
  return maps.filter((line) => line.includes(crew.folder) && /^\S+ rw-p/.test(line)).length
}

/** Waits for that many: files are unmapped by a helper thread, which may be busy with something else. */
async function comesTo(mappings: number): Promise<boolean> {
  for (let round = 0; round < 5_000 && leasedMappings() !== mappings; round++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  return leasedMappings() === mappings
}

describe.runIf(process.platform === 'linux')('a worker that holds leases', () => {
  it('leaves nothing mapped when it is terminated', async () => {
    await place()
    for (let round = 0; round < 10; round++) {
      const hand = await crew.hire('lease')
      await hand.going
      expect(leasedMappings()).toBe(1)
      await hand.worker.terminate()
      expect(await comesTo(0)).toBe(true)
    }
  })

  it('leaves nothing mapped when it ends by itself', async () => {
    await place()
    const hand = await crew.hire('lease', 1)
    const ended = new Promise((resolve) => hand.worker.on('exit', resolve))
    expect(await hand.outcome).toBeGreaterThan(0)
    expect(await ended).toBe(0)
    expect(await comesTo(0)).toBe(true)
  })

  it('shares them with no other thread, whatever either of them stores there', async () => {
    await place()
    const hand = await crew.hire('lease')
    await hand.going
    const reader = store.stream('s').readBatches({ from: 'oldest', until: 'tail', lease: true })
    const { value } = await reader.next()
    expect(value?.data(0)[0]).toBe(payload[0])
    expect(leasedMappings()).toBe(2)
    await reader.return()
    expect(await comesTo(1)).toBe(true)
  })
})
