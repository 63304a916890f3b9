import { describe, expect, it } from 'vitest'
import { Checkpoint } from '../../src/firehose/checkpoint.ts'
import type { SourcePosition } from '../../src/firehose/delivery-source.ts'
import { ManualClock, settled } from '../model/manual-clock.ts'

/** A checkpoint whose saves end when a test says so. */
class Subject {
  readonly clock: ManualClock = new ManualClock()
  readonly saves: { readonly place: string | undefined; end(error?: Error): void }[] = []
  readonly failures: unknown[] = []
  readonly checkpoint: Checkpoint = new Checkpoint(
    {
      clock: this.clock,
      savePosition: (position) =>
        new Promise((resolve, reject) => {
          const end = (error?: Error): void => (error === undefined ? resolve() : reject(error))
          this.saves.push({ place: position['s'], end })
        }),
      onSaveFailed: (error) => this.failures.push(error),
    },
    undefined,
  )

  /** A batch that is done at once. */
  take(place: string): void {
    this.checkpoint.taken(this.checkpoint.begin(), positionOf(place))
  }

  get places(): readonly (string | undefined)[] {
    return this.saves.map(({ place }) => place)
  }

  async endSave(error?: Error): Promise<void> {
    this.saves.at(-1)?.end(error)
    await settled()
  }
}

function positionOf(place: string): SourcePosition {
  return { s: place }
}

describe('a checkpoint', () => {
  it('saves what was released during a save that took longer than the pause between two', async () => {
    const subject = new Subject()
    subject.take('1')
    await subject.clock.advance(1000)
    subject.take('2')
    await subject.clock.advance(5000)
    expect(subject.places).toEqual(['1'])
    await subject.endSave()
    await subject.clock.advance(1000)
    expect(subject.places).toEqual(['1', '2'])
  })

  it('tries a save that failed again, without anything being released', async () => {
    const subject = new Subject()
    subject.take('1')
    await subject.clock.advance(1000)
    await subject.endSave(new Error('no space'))
    expect(subject.failures).toHaveLength(1)
    await subject.clock.advance(1000)
    expect(subject.places).toEqual(['1', '1'])
    await subject.endSave()
    await subject.clock.advance(5000)
    expect(subject.places).toHaveLength(2)
    expect(subject.clock.pending).toBe(0)
  })

  it('sets no timer while one save takes long, and none after the end', async () => {
    const subject = new Subject()
    subject.take('1')
    await subject.clock.advance(1000)
    for (let place = 2; place < 10; place++) {
      subject.take(String(place))
      await subject.clock.advance(1000)
    }
    expect(subject.clock.pending).toBe(0)
    const end = subject.checkpoint.end()
    await subject.endSave()
    await subject.endSave()
    await end
    expect(subject.places).toEqual(['1', '9'])
    expect(subject.clock.pending).toBe(0)
  })
})
