import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { addon, addonFile } from './addon-file.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const program = fileURLToPath(new URL('programs/leave.mjs', import.meta.url))

/** Exit code, or signal, of a process that leaves a store behind, and what it said. */
async function leave(folder: string, how: string): Promise<{ readonly end: unknown; readonly said: string }> {
  const child = spawn(process.execPath, ['--expose-gc', program, addonFile, folder, how], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
  const [code, signal] = await once(child, 'close')
  return { end: signal ?? code, said: Buffer.concat(said).toString() }
}

async function nextIn(folder: string): Promise<number> {
  const engine = await addon.openFolder(folder, true)
  const log = engine.openLog('ab'.repeat(16), 0)
  const stats = new Float64Array(9)
  log.stats(stats)
  await log.close()
  await engine.close()
  return stats[1] as number
}

describe('a process that ends without closing its store', () => {
  it.each([
    ['end', 0],
    ['end after everything was collected', 0],
    ['exit', 0],
    ['exit while it flushes and closes', 0],
    ['throw', 1],
    ['abort by signal', 'SIGKILL'],
  ])('ends as it was told to, and every record is there: %s', async (how, expected) => {
    const folder = scratch.fresh()
    const { end, said } = await leave(folder, how)
    expect([end, how === 'throw' ? '' : said]).toEqual([expected, ''])
    expect(await nextIn(folder)).toBe(11)
  })
})
