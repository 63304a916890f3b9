import { describe, expect, it } from 'vitest'
import type { Documents } from '../../src/streams/documents.ts'
import { insideOf } from '../../src/streams/store.ts'
import { openSubject } from './subject.ts'

async function documents(): Promise<Documents> {
  return insideOf((await openSubject()).store).documents
}

const failure = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: { readonly code?: unknown }) => error.code,
  )

describe('documents of layers above', () => {
  it('are made, changed and taken away, and are there when the store is opened again', async () => {
    const first = await openSubject()
    const { documents: kept } = insideOf(first.store)
    expect(await kept.change('layer/a', () => ({ value: { n: 1, list: [null, 'x'] } }))).toBe(true)
    expect(await kept.change('layer/b', () => ({ value: 2 }))).toBe(true)
    expect(await kept.change('layer/b', () => 'gone')).toBe(true)
    expect(await kept.change('layer/b', () => 'gone')).toBe(false)
    expect(await kept.change('layer/a', () => undefined)).toBe(false)
    await first.store.close()
    const { documents: again } = insideOf((await openSubject({ disk: first.disk })).store)
    expect(again.get('layer/a')).toEqual({ n: 1, list: [null, 'x'] })
    expect(again.get('layer/b')).toBeUndefined()
    expect(again.startingWith('layer/').map(({ id }) => id)).toEqual(['layer/a'])
    expect(again.startingWith('layers/')).toEqual([])
  })

  it('lose no change of many at once: each builds on the one before', async () => {
    const kept = await documents()
    const add = (): Promise<boolean> =>
      kept.change('layer/n', (value) => ({ value: ((value as number | undefined) ?? 0) + 1 }))
    await Promise.all(Array.from({ length: 50 }, add))
    expect(kept.get('layer/n')).toBe(50)
  })

  it('have no fields that are undefined, however deep', async () => {
    const kept = await documents()
    await kept.change('layer/a', () => ({ value: { a: undefined, b: [{ c: undefined, d: 1 }] } }))
    expect(kept.get('layer/a')).toStrictEqual({ b: [{ d: 1 }] })
  })

  it.each([
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', { a: Buffer.of(1) }],
    ['no number', Number.NaN],
    ['a big integer', 1n],
    ['a key that decoders rename', JSON.parse('{"a":[{"__proto__":1}]}') as unknown],
    ['too much text', 'x'.repeat(1024 * 1024 + 1)],
    ['nothing', undefined],
  ])('are plain data: %s is refused and changes nothing', async (_, value) => {
    const kept = await documents()
    expect(await failure(kept.change('layer/a', () => ({ value })))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    expect(kept.get('layer/a')).toBeUndefined()
  })

  it('change nothing when whoever decides throws, or the store is closed', async () => {
    const { store } = await openSubject()
    const kept = insideOf(store).documents
    const decision = kept.change('layer/a', () => {
      throw Object.assign(new Error('no'), { code: 'mine' })
    })
    expect(await failure(decision)).toBe('mine')
    await store.close()
    expect(await failure(kept.change('layer/a', () => ({ value: 1 })))).toBe('ERR_MILLRACE_CLOSED')
  })

  it('tell of changes of those that somebody asked for', async () => {
    const kept = await documents()
    const told: string[] = []
    const end = kept.onChange('layer/', (id) => told.push(`${id} ${String(kept.get(id))}`))
    await kept.change('layer/a', () => ({ value: 1 }))
    await kept.change('other/a', () => ({ value: 1 }))
    await kept.change('layer/a', () => 'gone')
    end()
    await kept.change('layer/a', () => ({ value: 2 }))
    expect(told).toEqual(['layer/a 1', 'layer/a undefined'])
  })
})
