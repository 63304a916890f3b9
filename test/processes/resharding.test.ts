import { afterAll, describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'
import { Child } from './child.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const timeout = 120_000

describe('processes that read a store whose shards are split and merged', () => {
  it('see every record once, and each key in its order', { timeout }, async () => {
    const folder = scratch.fresh()
    const writer = await Child.start('resharder', folder)
    const early = await Child.start('follower', folder)
    await writer.ask({ puts: 500 })
    const late = await Child.start('follower', folder)
    await writer.ask({ puts: 500 })
    const answers = await Promise.all([early, late].map((child) => child.ask({ until: 999 })))
    for (const answer of answers) {
      expect(answer).toMatchObject({ seen: 1_000 })
      expect((answer as { readonly shards: number }).shards).toBeGreaterThan(10)
    }
  })

  it(
    'go on when the writer is killed in the middle of it, and another one takes over',
    { timeout },
    async () => {
      const folder = scratch.fresh()
      const first = await Child.start('resharder', folder)
      const follower = await Child.start('follower', folder)
      await first.kill()
      let next = 0
      for (let life = 0; life < 8; life++) {
        const writer = await Child.start('resharder', folder, String(next))
        const stored = new Promise<number>((resolve) => {
          writer.onMessage((message) => {
            const { last } = message as { readonly last?: number }
            if (last !== undefined && last >= next + 10 + 7 * life) resolve(last)
          })
        })
        writer.tell({ forEver: true })
        await stored
        await writer.kill()
        // What it did not live to tell of may be stored, too.
        next = (await countIn(folder)) + 1
        const ended = await Child.start('resharder', folder, String(next - 1))
        await ended.ask({ puts: 1 })
        await ended.kill()
      }
      expect(await follower.ask({ until: next - 1 })).toMatchObject({ seen: next })
    },
  )
})

/** Opens the store for writing, which finishes what was begun, and counts its records. */
async function countIn(folder: string): Promise<number> {
  const store = await open(folder)
  const stream = store.stream('s')
  let count = 0
  for await (const _ of stream.read({ from: 'oldest', until: 'tail' })) count += 1
  const { shardCount } = stream.describe()
  expect(stream.listShards({ filter: { type: 'atLatest' } })).toHaveLength(shardCount)
  await store.close()
  return count
}
