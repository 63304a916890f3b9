import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import { interfaceVersion } from '../../src/native/addon.ts'
import { loadAddon, loadFrom } from '../../src/native/load.ts'
import { platformFolder } from '../../src/native/platform.ts'
import { addonFile } from './addon-file.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

/** A package folder with these files; `true` stands for the real addon. */
function packageWith(files: Readonly<Record<string, string | true>>, folder = scratch.fresh()): string {
  mkdirSync(folder, { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    if (content === true) copyFileSync(addonFile, file)
    else writeFileSync(file, content)
  }
  return folder
}

function failureOf(load: () => unknown): MillraceError {
  try {
    load()
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new Error('it loaded')
}

const built = 'build/Release/millrace.node'
const carried = `prebuilds/${platformFolder()}/millrace.node`

describe('the addon', () => {
  it('loads, once', () => {
    expect(loadAddon().interfaceVersion).toBe(interfaceVersion)
    expect(loadAddon()).toBe(loadAddon())
  })

  it('is taken from the own build, from the package otherwise', () => {
    expect(loadFrom(packageWith({ [carried]: true }), undefined).interfaceVersion).toBe(interfaceVersion)
    const both = packageWith({ [built]: 'no binary', [carried]: true })
    expect(failureOf(() => loadFrom(both, undefined)).message).toContain(built)
  })

  it('is taken from the file that the environment names, and from nowhere else then', () => {
    expect(loadFrom(packageWith({}), addonFile).interfaceVersion).toBe(interfaceVersion)
    const missing = failureOf(() => loadFrom(packageWith({ [built]: true }), '/nowhere/millrace.node'))
    expect(missing.code).toBe('ERR_MILLRACE_NATIVE_LOAD')
    expect(missing.message).toContain('/nowhere/millrace.node')
  })

  it('is not looked for under an empty name', () => {
    expect(loadFrom(packageWith({ [carried]: true }), '').interfaceVersion).toBe(interfaceVersion)
  })
})

describe('a missing addon', () => {
  it('names the platform, both places and the command to run in a checkout', () => {
    const folder = packageWith({})
    const error = failureOf(() => loadFrom(folder, undefined))
    expect(error.code).toBe('ERR_MILLRACE_NATIVE_LOAD')
    for (const part of [platformFolder(), join(folder, built), join(folder, carried)]) {
      expect(error.message).toContain(part)
    }
    expect(error.details['command']).toBe('node scripts/build-native.mjs')
    expect(error.message).toMatch(/node scripts\/build-native\.mjs$/)
  })

  it('names the command to run in a dependant', () => {
    const folder = packageWith({}, join(scratch.fresh(), 'node_modules', 'millrace'))
    expect(failureOf(() => loadFrom(folder, undefined)).message).toMatch(
      /npm explore millrace -- node scripts\/build-native\.mjs$/,
    )
  })
})

describe('an addon that does not load', () => {
  it('keeps the reason of the system', () => {
    const error = failureOf(() => loadFrom(packageWith({ [built]: 'no binary' }), undefined))
    expect(error.code).toBe('ERR_MILLRACE_NATIVE_LOAD')
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.message).toContain((error.cause as Error).message)
  })

  it.each([
    ['another version', `exports.interfaceVersion = ${interfaceVersion + 1}`],
    ['something else', 'module.exports = () => {}'],
    ['nothing', 'module.exports = null'],
  ])('was built from other sources: %s', (_what, content) => {
    const folder = packageWith({ 'other.cjs': content })
    const error = failureOf(() => loadFrom(folder, join(folder, 'other.cjs')))
    expect(error.code).toBe('ERR_MILLRACE_NATIVE_LOAD')
    expect(error.message).toContain('other sources')
  })
})
