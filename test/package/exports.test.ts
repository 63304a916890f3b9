import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>
  bin: Record<string, string>
  files: string[]
}

const modules = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string' ? [] : [{ subpath, ...target }],
)

describe('the exports map', () => {
  it('has a main entry', () => {
    expect(modules.map(({ subpath }) => subpath)).toContain('.')
  })

  it.each(modules)('points $subpath at built files and at their source', (module) => {
    expect(module.types).toBe(module.default.replace(/\.js$/, '.d.ts'))
    expect(existsSync(join(root, module.default))).toBe(true)
    expect(existsSync(join(root, module.types))).toBe(true)
    expect(existsSync(join(root, module.default.replace('dist', 'src').replace(/\.js$/, '.ts')))).toBe(true)
  })

  // In a Node of its own: Vitest would transform one of the two and so make a second copy.
  it.each(modules)('gives the same module to import and to require, at $subpath', ({ subpath }) => {
    const name = subpath.replace(/^\./, 'millrace')
    const same = `
      import { createRequire } from 'node:module'
      import * as imported from '${name}'
      const required = createRequire(import.meta.url)('${name}')
      const names = Object.keys(required)
      console.log(names.length > 0 && names.every((each) => required[each] === imported[each]))
    `
    const node = spawnSync(process.execPath, ['--input-type=module', '--eval', same], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(node).toMatchObject({ status: 0, stdout: 'true\n' })
  })

  it('lets tools read the manifest', () => {
    expect(manifest.exports['./package.json']).toBe('./package.json')
  })

  it('ships whatever it points at', () => {
    for (const { default: target } of modules) expect(manifest.files).toContain(target.split('/')[1])
  })
})

describe('commands', () => {
  it.each(Object.entries(manifest.bin))('%s is built and begins with a shebang', (_name, target) => {
    expect(readFileSync(join(root, target), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  })
})
