import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { settled } from '../../model/manual-clock.ts'
import { refusalOf, type Subject } from '../subject.ts'
import { append, appendOne, variedEntries } from '../traffic.ts'

const forEver = Number.POSITIVE_INFINITY

/** Watches a wait without awaiting it. */
function watched(wait: Promise<boolean>): { state(): Promise<string> } {
  let outcome = 'waiting'
  wait.then(
    (answer) => (outcome = String(answer)),
    (error) => (outcome = `rejected: ${error.code ?? error.message}`),
  )
  return {
    state: async () => {
      await settled()
      return outcome
    },
  }
}

export function waitClaims(subject: Subject): void {
  async function wait(from: number, ms: number, signal?: AbortSignal): Promise<boolean> {
    return subject.log.wait(from, ms, signal)
  }

  describe('wait', () => {
    it('is over at once when the record is there', async () => {
      const offset = await appendOne(subject.log, 'a')
      expect(await wait(offset, forEver)).toBe(true)
      expect(await wait(offset, 0)).toBe(true)
    })

    it('is over with the append of a record at or after the offset, not before', async () => {
      await appendOne(subject.log, 'a')
      const waiting = watched(wait(3, forEver))
      expect(await waiting.state()).toBe('waiting')
      expect(await appendOne(subject.log, 'b')).toBe(2)
      expect(await waiting.state()).toBe('waiting')
      await appendOne(subject.log, 'c')
      expect(await waiting.state()).toBe('true')
    })

    it('ends for everyone who waits', async () => {
      const waiting = Array.from({ length: 20 }, () => watched(wait(1, forEver)))
      await settled()
      await appendOne(subject.log, 'a')
      expect(await Promise.all(waiting.map((one) => one.state()))).toEqual(Array(20).fill('true'))
    })

    it('is over when the log is sealed', async () => {
      const waiting = watched(wait(1, forEver))
      expect(await waiting.state()).toBe('waiting')
      await subject.log.seal()
      expect(await waiting.state()).toBe('true')
      expect(await wait(1_000, forEver)).toBe(true)
    })

    it('answers false when the time is over, and not a millisecond earlier', async () => {
      const waiting = watched(wait(1, 5_000))
      await subject.clock.advance(4_999)
      expect(await waiting.state()).toBe('waiting')
      await subject.clock.advance(1)
      expect(await waiting.state()).toBe('false')
    })

    it('answers false at once when it may not wait', async () => {
      expect(await wait(1, 0)).toBe(false)
    })

    it('is not confused by records that were trimmed', async () => {
      await append(subject.log, variedEntries(5))
      await subject.log.trim(6)
      expect(await wait(6, 0)).toBe(false)
      const waiting = watched(wait(6, forEver))
      expect(await waiting.state()).toBe('waiting')
      await appendOne(subject.log, 'later')
      expect(await waiting.state()).toBe('true')
    })

    it('rejects with the reason of the signal', async () => {
      const abort = new AbortController()
      const waiting = watched(wait(1, forEver, abort.signal))
      expect(await waiting.state()).toBe('waiting')
      abort.abort(new Error('enough'))
      expect(await waiting.state()).toBe('rejected: enough')
    })

    it('rejects at once when the signal is aborted already', async () => {
      expect(await watched(wait(1, forEver, AbortSignal.abort(new Error('too late')))).state()).toBe(
        'rejected: too late',
      )
    })

    it('rejects when the log is closed', async () => {
      const waiting = watched(wait(1, forEver))
      expect(await waiting.state()).toBe('waiting')
      await subject.log.close()
      expect(await waiting.state()).toBe('rejected: ERR_MILLRACE_CLOSED')
      expect(await refusalOf(() => wait(1, 0))).toBe('ERR_MILLRACE_CLOSED')
    })

    it('leaves no timer and no listener behind, however it ends', async () => {
      const abort = new AbortController()
      const shared = new AbortController()
      const waits = [wait(1, 1_000, abort.signal), wait(2, 1_000, shared.signal), wait(3, 10, shared.signal)]
      const outcomes = Promise.allSettled(waits)
      await settled()
      abort.abort(new Error('enough'))
      await subject.clock.advance(10)
      await append(subject.log, variedEntries(2))
      expect((await outcomes).map((outcome) => outcome.status)).toEqual([
        'rejected',
        'fulfilled',
        'fulfilled',
      ])
      expect(subject.clock.pending).toBe(0)
      expect(getEventListeners(abort.signal, 'abort')).toEqual([])
      expect(getEventListeners(shared.signal, 'abort')).toEqual([])
    })

    it('does not hold up other calls', async () => {
      const waiting = watched(wait(2, forEver))
      await appendOne(subject.log, 'a')
      expect((await subject.log.stats()).next).toBe(2)
      expect(await waiting.state()).toBe('waiting')
      await appendOne(subject.log, 'b')
      expect(await waiting.state()).toBe('true')
    })
  })
}
