import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { open } from '../src/open.ts'

/** Every file below a folder, as paths relative to it. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).toSorted()
}

describe('open of a folder that lost a part', () => {
  let scratch = ''
  let whole = ''
  let folder = ''
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'millrace-damaged-'))
    whole = join(scratch, 'whole')
    folder = join(scratch, 'store')
    const store = await open(whole)
    const stream = await store.createStream('s', { shards: 2 })
    await stream.putBatch(['a', 'b', 'c', 'd'].map((key) => ({ partitionKey: key, data: Buffer.from(key) })))
    await store.close()
  })
  beforeEach(async () => {
    await rm(folder, { recursive: true, force: true })
    await cp(whole, folder, { recursive: true })
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  async function emptied(name: string): Promise<void> {
    await rm(join(folder, name), { recursive: true })
    await mkdir(join(folder, name))
  }

  it.each([
    ['the metadata', () => rm(join(folder, 'meta'), { recursive: true }), 'ERR_MILLRACE_CORRUPT'],
    ['what the metadata folder held', () => emptied('meta'), 'ERR_MILLRACE_CORRUPT'],
    ['the file format', () => rm(join(folder, 'format')), 'ERR_MILLRACE_NOT_A_STORE'],
    [
      'metadata and format',
      async () => {
        await rm(join(folder, 'meta'), { recursive: true })
        await rm(join(folder, 'format'))
      },
      'ERR_MILLRACE_NOT_A_STORE',
    ],
  ])('refuses it without %s, and takes nothing more away', async (_what, lose, code) => {
    await lose()
    const before = filesOf(folder)
    await expect(open(folder)).rejects.toMatchObject({ code })
    expect(filesOf(folder)).toEqual(before)
  })

  it('refuses metadata that is a link to nowhere', async () => {
    await rm(join(folder, 'meta'), { recursive: true })
    await symlink(join(scratch, 'nowhere'), join(folder, 'meta'))
    const before = filesOf(folder)
    await expect(open(folder)).rejects.toMatchObject({ code: 'ERR_MILLRACE_CORRUPT' })
    expect(filesOf(folder)).toEqual(before)
  })

  it('leaves a folder among the shards alone that is none of a log', async () => {
    const backup = join(folder, 'shards', 'backup')
    await mkdir(backup)
    await writeFile(join(backup, 'mine'), 'precious')
    const store = await open(folder)
    await store.close()
    expect(existsSync(join(backup, 'mine'))).toBe(true)
  })

  it('makes a store of what a crash left of one that was being made', async () => {
    await rm(folder, { recursive: true })
    await mkdir(join(folder, 'shards'), { recursive: true })
    await writeFile(join(folder, 'lock'), '')
    await writeFile(join(folder, 'format.tmp'), 'millrace')
    const store = await open(folder)
    expect(store.listStreams()).toEqual([])
    await store.close()
  })

  it('refuses a path with half a character, which no file system keeps', async () => {
    const location = join(scratch, 'half-\ud800')
    await expect(open(location)).rejects.toMatchObject({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' })
  })
})
