import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { demo, ended, figure, start, storeFolder, verdicts, whole } from './demo.ts'

const records = 20_000

/** The last number of records that a run reported as stored, of the replay that it reported last. */
function reported(stderr: string): { readonly replay: number; readonly stored: number } {
  const line = stderr.trimEnd().split('\n').at(-1) ?? ''
  return { replay: figure(line, /^replay (\d+):/), stored: figure(line, /: ([\d,]+) of /) }
}

/** Runs the demo until it reports `line` more lines of progress, and then ends it. */
async function cut(dir: string, line: number, signal: NodeJS.Signals) {
  const child = start('--records', String(records), '--dir', dir)
  const end = ended(child)
  let lines = 0
  child.stderr.on('data', (text: string) => {
    lines += text.split('\n').length - 1
    if (lines >= line) child.kill(signal)
  })
  return end
}

describe.runIf(whole)('kill -9', () => {
  // The lines of progress are the clock: each of the two replays of a fresh store prints ten.
  const seed = Math.floor(Math.random() * 2 ** 31)
  const moments = [1 + (seed % 9), 11, 12 + (seed % 7)]

  it.each(moments)(
    `behind line %d of progress loses nothing that was reported, and the next run goes on (seed ${seed})`,
    { timeout: 120_000 },
    async (moment) => {
      const dir = await storeFolder()
      // The second round ends the run that goes on, in its only or its second replay.
      for (const line of [moment, 1 + (seed % 9)]) {
        const killed = await cut(dir, line, 'SIGKILL')
        expect(killed.signal).toBe('SIGKILL')
        const { replay, stored } = reported(killed.stderr)

        const run = await demo('--records', String(records), '--dir', dir)
        expect({ code: run.code, verdicts: verdicts(run), stderr: run.stderr }).toMatchObject({
          code: 0,
          verdicts: ['holds', 'holds', 'holds'],
        })
        // The replays before the one that was running were complete.
        const found = figure(run.stdout, /found ([\d,]+) records/)
        expect(found).toBeGreaterThanOrEqual((replay - 1) * records + stored)
        expect(found).toBeLessThanOrEqual(replay * records)
      }
    },
  )
})

describe.runIf(whole)('Ctrl-C', () => {
  it(
    'ends the run with 130 and says how far it is; the next run goes on from there',
    { timeout: 60_000 },
    async () => {
      const dir = await storeFolder()
      const long = ['--records', '1000000', '--dir', dir]
      const child = start(...long)
      const end = ended(child)
      // The first line comes with the first of two thousand batches.
      await once(child.stderr, 'data')
      child.kill('SIGINT')
      const { code, stdout, stderr } = await end
      expect(code).toBe(130)
      expect(stderr).not.toContain('demo:')
      const stored = figure(
        stdout,
        /interrupted: replay 1 has ([\d,]+) of 1,000,000 records; run again to go on/,
      )

      const again = start(...long)
      const secondEnd = ended(again)
      await once(again.stderr, 'data')
      again.kill('SIGINT')
      const second = await secondEnd
      expect(second.code).toBe(130)
      expect(figure(second.stdout, /found ([\d,]+) records: replay 1 was interrupted/)).toBe(stored)
    },
  )
})

describe.runIf(whole)('a reader that goes away', () => {
  it('ends the run without a stack trace, and the next run goes on', { timeout: 60_000 }, async () => {
    const dir = await storeFolder()
    const child = start('--records', String(records), '--dir', dir)
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(130)
    expect(stderr).not.toMatch(/ at |demo:/)
    expect((await demo('--records', String(records), '--dir', dir)).code).toBe(0)
  })
})
