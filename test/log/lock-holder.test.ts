import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { lockHolder } from '../../src/log/lock-holder.ts'
import { open } from '../../src/open.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-holder-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

describe('the holder of a lock', () => {
  it('is the process that has the store open for writing, while it has', async () => {
    const path = await folder()
    const store = await open(path)
    expect((await lockHolder(path))?.pid).toBe(process.pid)
    await store.close()
    expect(await lockHolder(path)).toBeUndefined()
  })

  it('is not known where there is no lock, or no list of them', async () => {
    const path = await folder()
    expect(await lockHolder(path)).toBeUndefined()
    await writeFile(join(path, 'lock'), '')
    expect(await lockHolder(path, join(path, 'no-such-list'))).toBeUndefined()
  })

  it('is not known where the process cannot be seen from here', async () => {
    const path = await folder()
    await writeFile(join(path, 'lock'), '')
    const { ino, dev } = await stat(join(path, 'lock'))
    const place = `${((dev >> 8) & 0xfff).toString(16).padStart(2, '0')}:${(dev & 0xff).toString(16).padStart(2, '0')}`
    const list = join(path, 'list')
    await writeFile(list, `1: FLOCK  ADVISORY  WRITE 0 ${place}:${ino} 0 EOF\n`)
    expect(await lockHolder(path, list)).toBeUndefined()
  })
})
