import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/build-native.mjs', import.meta.url))

/** As cmake-js does, it takes a folder with a cache for one that is configured. */
const cmakeJs = `const { existsSync, writeFileSync } = require('node:fs')
const configures = !existsSync('build/CMakeCache.txt')
writeFileSync('said', configures ? 'configured' : 'built on')
`

/** A checkout with these files in its build folder; answers what is done with them. */
function builds(...files: readonly string[]): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-build-')))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  write('node_modules/cmake-js/bin/cmake-js', cmakeJs)
  write('programs/cmake', '#!/bin/sh\n')
  chmodSync(join(root, 'programs/cmake'), 0o755)
  for (const file of files) write(join('build', file), `CMAKE_HOME_DIRECTORY:INTERNAL=${root}\n`)
  mkdirSync(join(root, 'scripts'))
  copyFileSync(script, join(root, 'scripts', 'build-native.mjs'))
  execFileSync(process.execPath, [join(root, 'scripts', 'build-native.mjs')], {
    env: {
      ...process.env,
      CXX: 'cmake',
      PATH: `${join(root, 'programs')}${delimiter}${process.env['PATH']}`,
    },
  })
  return readFileSync(join(root, 'said'), 'utf8')
}

describe.skipIf(process.platform === 'win32')('a build folder', () => {
  it.each(['build.ninja', 'Makefile'])('is built on when it has %s', (file) => {
    expect(builds('CMakeCache.txt', file)).toBe('built on')
  })

  it('is configured when there is none', () => {
    expect(builds()).toBe('configured')
  })

  it('is configured again after a configuration that failed, which leaves a cache alone', () => {
    expect(builds('CMakeCache.txt')).toBe('configured')
  })
})
