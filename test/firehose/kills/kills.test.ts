import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** `MILLRACE_KILLS=200` for the long form. */
const kills = Number(process.env['MILLRACE_KILLS'] ?? 3)
const root = fileURLToPath(new URL('../../../', import.meta.url))
/** The addon is found from two folders below the checkout. */
const built = join(root, 'build', 'firehose-kills')
const program = join(built, 'program.js')

/**
 * Runs the program, and kills it when it has saved its position so many times and then acknowledged so many puts. Answers
 * the last record that was acknowledged.
 */
function killed(folder: string, from: number, saves: number, puts: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, folder, String(from)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const parts = text.split('saved\n')
      const behind = parts.length > saves ? (parts.at(-1) ?? '') : ''
      if (parts.length > saves && behind.split('\n').length > puts) child.kill('SIGKILL')
    })
    child.on('close', (_, signal) => {
      const acknowledged = text
        .split('\n')
        .slice(0, -1)
        .filter((line) => line !== 'saved')
        .map(Number)
      if (signal === 'SIGKILL') resolve(acknowledged.at(-1) ?? from - 1)
      else reject(new Error(errors))
    })
  })
}

describe('a process that is killed between put and delivery', () => {
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-firehose-kills-'))
    const bundle = await rolldown({
      input: join(root, 'test', 'firehose', 'kills', 'program.ts'),
      platform: 'node',
      external: /^[^./\0]/,
      tsconfig: false,
    })
    await bundle.write({ dir: built, format: 'esm', entryFileNames: 'program.js' })
    await bundle.close()
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it(
    'loses no record that was acknowledged',
    async () => {
      let last = -1
      for (let kill = 0; kill < kills; kill++) {
        last = Math.max(last, await killed(folder, last + 1, kill % 3, (kill * 7) % 40))
      }
      execFileSync(process.execPath, [program, folder, '0', 'drain'])
      const landing = join(folder, 'buckets', 'landing')
      const lines = readdirSync(landing).flatMap((file) =>
        readFileSync(join(landing, file), 'utf8').split('\n').slice(0, -1),
      )
      for (const line of lines) expect(line).toMatch(/^\d+ x*$/)
      const seen = new Set(lines.map((line) => Number(line.split(' ', 1)[0])))
      const missing = Array.from({ length: last + 1 }, (_, number) => number).filter(
        (number) => !seen.has(number),
      )
      expect(missing).toEqual([])
      process.stdout.write(
        `firehose kills: ${kills} kills, ${last + 1} records acknowledged, ${lines.length - seen.size} came twice\n`,
      )
    },
    kills * 5000 + 20_000,
  )
})
