import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

const script = String(new URL('../../scripts/declarations.mjs', import.meta.url))
const { declarations } = (await import(script)) as {
  readonly declarations: (root: string, compile: () => Promise<boolean>) => Promise<boolean>
}

let root: string
const compile = vi.fn<() => Promise<boolean>>()

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'millrace-declarations-'))
  const made = root
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  await write('src/a.ts', 'export const a: number = 1\n')
  await write('tsconfig.json', '{}')
  await write('package-lock.json', '{}')
  compile.mockReset().mockImplementation(async () => {
    await write('dist/a.d.ts', 'export declare const a: number\n')
    return true
  })
  await declarations(root, compile)
  compile.mockClear()
})

describe('the compiler', () => {
  it('does not run when nothing has changed', async () => {
    expect(await declarations(root, compile)).toBe(false)
    expect(compile).not.toHaveBeenCalled()
  })

  it.each<[string, () => Promise<void>]>([
    ['a source', () => write('src/a.ts', 'export const a: number = 2\n')],
    ['a source that is new', () => write('src/b.ts', '')],
    ['a source that is gone', () => rm(join(root, 'src/a.ts'))],
    ['a source of JSON', () => write('src/shape.json', '{}')],
    ['its settings', () => write('tsconfig.json', '{"compilerOptions": {}}')],
    ['settings that they extend', () => write('tsconfig.base.json', '{}')],
    ['a package', () => write('node_modules/.package-lock.json', '{}')],
    ['what it made', () => rm(join(root, 'dist/a.d.ts'))],
    ['all that it made', () => rm(join(root, 'dist'), { recursive: true })],
  ])('runs once when %s has changed', async (_what, change) => {
    await change()
    await declarations(root, compile)
    await declarations(root, compile)
    expect(compile).toHaveBeenCalledOnce()
  })

  it('runs again until it has succeeded', async () => {
    await write('src/a.ts', 'export const a: number = ""\n')
    compile.mockRejectedValueOnce(new Error('a is no number'))
    await expect(declarations(root, compile)).rejects.toThrow('a is no number')
    await declarations(root, compile)
    expect(compile).toHaveBeenCalledTimes(2)
  })

  it('runs again for what changed while it ran', async () => {
    await write('src/b.ts', '')
    compile.mockImplementationOnce(async () => {
      await write('src/b.ts', 'export const b: number = 1\n')
      return true
    })
    await declarations(root, compile)
    await declarations(root, compile)
    expect(compile).toHaveBeenCalledTimes(2)
  })
})
