import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cmakeFolders, gypFolders } from './builds.ts'
import { type Finding, type SourceFile, filesBelow, root, textOf } from './checkout.ts'
import { wrongInclude, wrongWay } from './direction.ts'
import { sharedNames } from './own-names.ts'
import { ambientTime, namesAddon, topLevelAwait } from './purity.ts'
import { emptyName, tooLong, tooWide } from './size.ts'

const code = filesBelow('src', 'native', 'test', 'bench', 'scripts', 'examples').filter(
  (file) => !file.path.endsWith('.md') && !file.path.startsWith('bench/results/'),
)
const typescript = code.filter((file) => /^src\/.*\.ts$/.test(file.path))
const cpp = code.filter((file) => /^native\/.*\.(cc|h)$/.test(file.path))

const findings = (rule: (file: SourceFile) => Finding[], files: readonly SourceFile[]): Finding[] =>
  files.flatMap(rule)

describe('this checkout', () => {
  it('has files to check', () => {
    expect(typescript.length).toBeGreaterThan(5)
    expect(cpp.length).toBeGreaterThan(5)
  })

  it('imports downwards only', () => {
    const page = code.filter((file) => /^src\/console\/.*\.js$/.test(file.path))
    expect(findings(wrongWay, [...typescript, ...page])).toEqual([])
  })

  it('includes downwards only, and Node only in the binding', () => {
    expect(findings(wrongInclude, cpp)).toEqual([])
  })

  it('gives no name to two things that may be compiled together', () => {
    expect(sharedNames(cpp.filter((file) => /^native\/(core|binding)\//.test(file.path)))).toEqual([])
  })

  it('names the addon in its loader only', () => {
    expect(findings(namesAddon, typescript)).toEqual([])
  })

  it('takes time and randomness as parameters', () => {
    expect(findings(ambientTime, typescript)).toEqual([])
  })

  it('awaits nothing at top level', () => {
    const module = typescript.filter((file) => !file.path.startsWith('src/cli/'))
    expect(findings(topLevelAwait, module)).toEqual([])
  })

  it('has no file too long to read', () => {
    expect(findings(tooLong, code)).toEqual([])
  })

  it('has no comment wider than its code', () => {
    expect(findings(tooWide, code)).toEqual([])
  })

  it('has no file or folder named after nothing', () => {
    expect(findings(emptyName, code)).toEqual([])
  })

  it('compiles the same folders with CMake and with node-gyp, and ships them', () => {
    const folders = cmakeFolders(textOf('CMakeLists.txt'))
    expect(folders).toEqual(['native/binding', 'native/core'])
    expect(gypFolders(textOf('binding.gyp'))).toEqual(folders)
    const { files } = JSON.parse(textOf('package.json')) as { files: string[] }
    expect(files).toEqual(expect.arrayContaining(folders))
  })

  it('introduces each folder of src/ and native/ by a README', () => {
    const folders = ['src', 'native'].flatMap((parent) =>
      readdirSync(join(root, parent), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${parent}/${entry.name}`),
    )
    expect(folders.filter((folder) => !existsSync(join(root, folder, 'README.md')))).toEqual([])
  })
})
