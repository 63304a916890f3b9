import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fencesOf } from './markdown.ts'
import { pagesIn, root } from './pages.ts'

/**
 * Without a language: drawings and texts that other tests look at. `hexdump` is compared by on-disk-format.test.ts, `js` is run by
 * .ci/serves.mjs against a server, and `console` is what goes on until somebody ends it.
 */
const shown = new Set(['', 'hexdump', 'js', 'console', 'json'])

const snippets = pagesIn('README.md', 'docs')
  .flatMap((page) => fencesOf(page.text).map((fence) => ({ ...fence, name: `${page.path}:${fence.line}` })))
  .map((snippet) => ({ ...snippet, file: snippet.name.replace(/\W/g, '-') }))
const programs = snippets.filter(({ language }) => language === 'ts')
const commands = snippets.filter(({ language }) => language === 'sh')

/** Each starts a process or more; a busy machine takes its time. Milliseconds. */
const patience = 120_000

/** Inside the checkout, so that `millrace` is found by its name. */
const build = join(root, 'build', `snippets-${process.pid}`)
/** Where a snippet runs: its `./data` is nobody else's. */
let scratch = ''

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'millrace-snippets-'))
  mkdirSync(build, { recursive: true })
  for (const { file, text } of programs) writeFileSync(join(build, `${file}.ts`), text)
  const settings = { extends: '../../tsconfig.base.json', include: ['.'], compilerOptions: { outDir: 'js' } }
  writeFileSync(join(build, 'tsconfig.json'), JSON.stringify(settings))
})
afterAll(() => {
  rmSync(build, { recursive: true, force: true })
  rmSync(scratch, { recursive: true, force: true })
})

interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(program: string, args: readonly string[], cwd: string, path = ''): Run {
  const paths = [path, process.env['PATH']].join(delimiter)
  // The AWS SDK warns of the oldest Node that millrace supports.
  const env = { ...process.env, PATH: paths, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

function freshFolder(name: string): string {
  const folder = join(scratch, name)
  mkdirSync(folder)
  return folder
}

describe('snippets', () => {
  it('are all in a language that is run', () => {
    const others = snippets.filter(({ language }) => !shown.has(language) && !['ts', 'sh'].includes(language))
    expect(others).toEqual([])
    expect(programs.length).toBeGreaterThan(2)
    expect(commands.length).toBeGreaterThan(0)
  })

  it.each(snippets.filter(({ language }) => language === 'json'))('$name is JSON', ({ text }) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow()
  })

  it(
    'in TypeScript have no type errors',
    () => {
      const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
      expect(run(process.execPath, [tsc, '-p', build], root)).toEqual({ status: 0, stdout: '', stderr: '' })
    },
    patience,
  )

  it.each(programs)(
    '$name runs',
    ({ file, text }) => {
      const cwd = freshFolder(file)
      const ran = run(process.execPath, [join(build, 'js', `${file}.js`)], cwd)
      expect(ran).toMatchObject({ status: 0, stderr: '' })
      // What a comment behind console.log begins with is what it prints.
      const promised = [...text.matchAll(/console\.log\(.*\) \/\/ (\w+)/g)].map((match) => match[1])
      if (promised.length > 0) expect(ran.stdout.trimEnd().split('\n')).toEqual(promised)
    },
    patience,
  )

  it.each(commands)(
    '$name runs',
    ({ file, text }) => {
      const cwd = freshFolder(file)
      const programsFolder = freshFolder(`${file}-bin`)
      const millrace = join(programsFolder, 'millrace')
      const main = join(root, 'dist', 'cli', 'main.js')
      writeFileSync(millrace, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
      chmodSync(millrace, 0o755)
      expect(run('sh', ['-e', '-c', text], cwd, programsFolder)).toMatchObject({ status: 0, stderr: '' })
    },
    patience,
  )

  it('have names that tell them apart', () => {
    expect(new Set(snippets.map(({ file }) => basename(file))).size).toBe(snippets.length)
  })
})
