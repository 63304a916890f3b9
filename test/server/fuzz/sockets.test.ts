import { describe, expect, it, onTestFinished } from 'vitest'
import { Served } from './served.ts'
import { blockCases, type Case, casesOf, requireEmpty, requireWell, send, shown } from './trial.ts'

/** `npm run test:sockets -- --cases 100000 --seed 1` sets them. */
const cases = Number(process.env['MILLRACE_SOCKETS'] ?? 1_000)
const firstSeed = Number(process.env['MILLRACE_SOCKETS_SEED'] ?? 20_131_202)

/** The first case that does harm by itself, or the whole block if only together they do. */
async function culprit(block: readonly Case[]): Promise<string> {
  const tally = { seen: new Map<string, number>() }
  let served = await Served.start()
  try {
    for (const one of block) {
      try {
        await send([one], served, tally)
        await requireWell(served)
      } catch (error) {
        return `${String(error)}\n${shown(one)}`
      }
      if (served.lastWords !== undefined) served = await Served.start()
    }
  } finally {
    served.end()
  }
  return 'no case does it alone'
}

describe('a server that gets anything at all over sockets', () => {
  it(
    `answers or closes in ${cases} cases, and is none the worse for it`,
    { timeout: 3_600_000 },
    async () => {
      const served = await Served.start()
      onTestFinished(() => served.end())
      const seen = new Map<string, number>()
      const beganMs = performance.now()
      for (let done = 0; done < cases; done += blockCases) {
        const seed = firstSeed + done / blockCases
        const block = casesOf(seed, Math.min(blockCases, cases - done), served)
        try {
          await send(block, served, { seen })
          await requireWell(served)
        } catch (error) {
          throw new Error(`seed ${seed}: ${String(error)}; ${await culprit(block)}`, { cause: error })
        }
      }
      const tookS = (performance.now() - beganMs) / 1000
      // Half a minute, for the sessions whose clients broke the rules.
      if (cases > blockCases) await requireEmpty(served)
      const { memoryMiB } = await served.load()
      process.stdout.write(
        `${cases} cases from seed ${firstSeed} in ${tookS.toFixed(1)} s, ${memoryMiB.toFixed(0)} MiB: ` +
          `${[...seen].map(([what, count]) => `${what}: ${count}`).join(', ')}\n`,
      )
      // Each kind got through, or this would test one line of defence only.
      for (const what of ['status 200', 'status 400', 'http1 answered', 'http1 closed', 'http2 answered']) {
        expect({ what, seen: (seen.get(what) ?? 0) > 0 }).toEqual({ what, seen: true })
      }
    },
  )
})
