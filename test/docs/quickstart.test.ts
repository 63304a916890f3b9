import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'

const quickstart = fileURLToPath(new URL('../../build/examples/quickstart.js', import.meta.url))

it('the quickstart stores a record and reads all that were stored, run after run', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'millrace-quickstart-'))
  onTestFinished(() => rm(cwd, { recursive: true, force: true }))
  for (const runs of [1, 2]) {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [quickstart], { cwd })
    const [stored, ...read] = stdout.trimEnd().split('\n')
    expect(stored).toMatch(/^stored in shardId-00000000000[0-3] as \d{56}$/)
    expect(read).toEqual(Array.from({ length: runs }, () => 'user-42 {"page":"/"}'))
    expect(stderr).toBe('')
  }
})
