import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { serveCommand } from '../../src/cli/commands/serve.ts'
import type { Host } from '../../src/cli/host.ts'
import { type StorePlace, storePlace } from '../../src/cli/store-place.ts'
import { millrace, scratchFolder } from './millrace.ts'

afterEach(() => vi.unstubAllEnvs())

interface Said {
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly file?: Readonly<Record<string, unknown>>
}

/** Where `serve` would keep its store. */
async function place({ flags = [], env = {}, file }: Said): Promise<StorePlace & { readonly dir: string }> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const args = [...flags]
  if (file !== undefined) {
    const path = join(await scratchFolder(), 'settings.json')
    await writeFile(path, JSON.stringify(file))
    args.push('--config', path)
  }
  const command = serveCommand({} as Host)
  // Instead of a server.
  command.action(() => undefined)
  await command.parseAsync(args, { from: 'user' })
  return { ...command.opts<{ readonly dir: string }>(), ...storePlace(command) }
}

describe('the place of a store', () => {
  it.each<[Said, StorePlace & { readonly dir?: string }]>([
    [{}, { memory: false, dir: './data' }],
    [{ flags: ['--memory'] }, { memory: true }],
    [{ flags: ['--memory'], env: { MILLRACE_DIR: 'x' } }, { memory: true }],
    [{ flags: ['--memory'], file: { dir: 'x', durability: 'commit' } }, { memory: true }],
    [{ flags: ['--memory'], env: { MILLRACE_DURABILITY: 'commit' } }, { memory: true }],
    [
      { flags: ['--dir', 'x'], env: { MILLRACE_MEMORY: '1' } },
      { memory: false, dir: 'x' },
    ],
    [
      { flags: ['--dir', 'x'], file: { memory: true } },
      { memory: false, dir: 'x' },
    ],
    [{ env: { MILLRACE_MEMORY: '1' }, file: { dir: 'x' } }, { memory: true }],
    [
      { env: { MILLRACE_DIR: 'x' }, file: { memory: true } },
      { memory: false, dir: 'x' },
    ],
    [
      { env: { MILLRACE_MEMORY: '0' }, file: { memory: true } },
      { memory: false, dir: './data' },
    ],
    [
      { flags: ['--durability', 'commit'], env: { MILLRACE_MEMORY: '1' } },
      { memory: false, dir: './data', durability: 'commit' },
    ],
  ])('is what the strongest says: %j', async (said, expected) => {
    const found = await place(said)
    expect(found).toMatchObject(expected)
    if (expected.durability === undefined) expect(found.durability).toBeUndefined()
  })

  it.each<Said>([
    { flags: ['--memory', '--dir', 'x'] },
    { flags: ['--memory', '--durability', 'commit'] },
    { env: { MILLRACE_MEMORY: '1', MILLRACE_DIR: 'x' } },
    { file: { memory: true, durability: 'none' } },
  ])('is not said twice in one place: %j', async (said) => {
    await expect(place(said)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      message: expect.stringMatching(/^--memory and --(dir|durability) exclude each other/),
    })
  })

  it('that is said twice is a wrong command line', async () => {
    expect(await millrace('serve', '--memory', '--dir', 'x')).toMatchObject({ code: 2, stdout: '' })
  })
})
