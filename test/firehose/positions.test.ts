import { describe, expect, it } from 'vitest'
import { Positions } from '../../src/firehose/positions.ts'
import type { DeliveryStreamState } from '../../src/firehose/delivery-stream-state.ts'
import { Refusal } from '../../src/log/log.ts'
import { insideOf } from '../../src/streams/store.ts'
import { openSubject } from '../streams/subject.ts'
import { codeOf, key } from './facade-subject.ts'

const state = (id: string): DeliveryStreamState => ({ key: key('a'), id }) as DeliveryStreamState
const document = 'firehose-position/000000000000/us-east-1/a'

describe('the position of a delivery stream', () => {
  it('is there when the store is opened again, and not for a later delivery stream of the same name', async () => {
    const first = await openSubject()
    const positions = new Positions(insideOf(first.store).documents)
    expect(positions.load(state('x'))).toBeUndefined()
    await positions.save(state('x'), { 'shardId-000000000000': '7' })
    await first.store.close()
    const again = new Positions(insideOf((await openSubject({ disk: first.disk })).store).documents)
    expect(again.load(state('x'))).toEqual({ 'shardId-000000000000': '7' })
    expect(again.load(state('y'))).toBeUndefined()
    await again.forget(state('y'))
    expect(again.load(state('x'))).toBeDefined()
    await again.forget(state('x'))
    expect(again.load(state('x'))).toBeUndefined()
  })

  it('is stored as often as the store can, and the newest always', async () => {
    const { documents } = insideOf((await openSubject({ answers: 'later' })).store)
    const positions = new Positions(documents)
    const stored: unknown[] = []
    documents.onChange(document, () => stored.push(positions.load(state('x'))?.['s']))
    const saves = ['1', '2', '3', '4'].map((place) => positions.save(state('x'), { s: place }))
    await saves[1]
    expect(stored.at(-1)).toBe('4')
    await Promise.all(saves)
    expect(stored).toEqual(['1', '4'])
    await positions.save(state('x'), { s: '5' })
    expect(stored).toEqual(['1', '4', '5'])
  })

  it('is not taken for stored when that failed, and the next one is tried', async () => {
    const { store, metaFaults } = await openSubject()
    const positions = new Positions(insideOf(store).documents)
    metaFaults.refuseAppend(Refusal.full)
    expect(await codeOf(() => positions.save(state('x'), { s: '1' }))).toBe('ERR_MILLRACE_NO_SPACE')
    await positions.save(state('x'), { s: '2' })
    expect(positions.load(state('x'))).toEqual({ s: '2' })
  })

  it('is not stored once the delivery stream is gone, nor left by a save that was under way then', async () => {
    const { documents } = insideOf((await openSubject({ answers: 'later' })).store)
    let gone = false
    const positions = new Positions(documents, () => gone)
    const saved = positions.save(state('x'), { s: '1' })
    await Promise.resolve()
    gone = true
    await saved
    expect(documents.get(document)).toBeUndefined()
    await positions.save(state('x'), { s: '2' })
    expect(documents.get(document)).toBeUndefined()
  })

  it('is stored when it comes in the moment in which the one before it is done', async () => {
    const { documents } = insideOf((await openSubject()).store)
    const positions = new Positions(documents)
    for (let turns = 0; turns < 30; turns++) {
      const first = positions.save(state('x'), { s: `${turns}` })
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      await Promise.all([first, positions.save(state('x'), { s: `${turns}, the newest` })])
      expect(positions.load(state('x'))).toEqual({ s: `${turns}, the newest` })
    }
  })

  it.each([7, {}, { id: 'x' }, { id: 'x', position: { s: 1 } }, { id: 1, position: {} }])(
    'is damaged when no version has written it: %j',
    async (value) => {
      const { documents } = insideOf((await openSubject()).store)
      await documents.change(document, () => ({ value }))
      expect(() => new Positions(documents).load(state('x'))).toThrow(
        expect.objectContaining({ code: 'ERR_MILLRACE_CORRUPT' }),
      )
    },
  )
})
