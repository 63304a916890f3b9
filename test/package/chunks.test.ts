import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const dist = join(root, 'dist')

/** What these files of dist/ import from their beginning, and what that imports: files of ours, and packages. */
function loadedBy(...files: readonly string[]): {
  readonly ours: readonly string[]
  readonly packages: ReadonlySet<string>
} {
  const ours = new Set(files.map((file) => join(dist, file)))
  const packages = new Set<string>()
  for (const file of ours) {
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/^(?:im|ex)port\b.*"([^"\n]+)";$/gm)) {
      if (name.startsWith('.')) ours.add(join(file, '..', name))
      else if (!name.startsWith('node:')) packages.add(name)
    }
  }
  return { ours: [...ours].map((file) => relative(dist, file)), packages }
}

/** What a module prints that runs in a Node of its own, with the package as it is built. */
function printed(module: string): unknown {
  const node = spawnSync(process.execPath, ['--input-type=module', '--eval', module], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(node).toMatchObject({ status: 0, stderr: '' })
  return JSON.parse(node.stdout)
}

describe('the files that are built', () => {
  it('are few for a server that starts', () => {
    const { ours } = loadedBy('cli/main.js', 'chunks/serve.js', 'server/index.js')
    expect(ours).toContain(join('chunks', 'store.js'))
    expect(ours.length).toBeLessThanOrEqual(12)
  })

  it('load no package that a server needs later or never', () => {
    const { packages } = loadedBy('cli/main.js', 'chunks/serve.js', 'server/index.js')
    expect([...packages].toSorted()).toEqual(['commander', 'msgpackr'])
  })

  it('load msgpackr only, for a program that imports the package', () => {
    const { ours, packages } = loadedBy('index.js', 'aws/index.js', 'testing/index.js')
    expect(ours.length).toBeLessThanOrEqual(8)
    expect([...packages]).toEqual(['msgpackr'])
  })

  it('load msgpackr only, for a program with delivery streams', () => {
    const { ours, packages } = loadedBy('firehose/index.js')
    expect(ours.length).toBeLessThanOrEqual(5)
    expect([...packages]).toEqual(['msgpackr'])
  })

  it('have each class once, whichever entry it comes from', () => {
    const same = `
      import { MillraceError, Store } from 'millrace'
      import { awsRequestHandler } from 'millrace/aws'
      import { startServer } from 'millrace/server'
      import { testStore } from 'millrace/testing'
      const store = await testStore()
      const answers = 'handle' in awsRequestHandler(store)
      const refused = await startServer(store, { port: -1 }).catch((error) => error)
      console.log(JSON.stringify([store instanceof Store, answers, refused instanceof MillraceError]))
      await store.close()
    `
    expect(printed(same)).toEqual([true, true, true])
  })

  it('ask nothing of Intl before it is needed, which takes as long as all of them', () => {
    const asked = `
      let times = 0
      Intl.DateTimeFormat = new Proxy(Intl.DateTimeFormat, {
        construct: (target, args) => ((times += 1), Reflect.construct(target, args)),
      })
      for (const entry of ['', '/aws', '/server', '/firehose', '/testing']) await import('millrace' + entry)
      console.log(JSON.stringify(times))
    `
    expect(printed(asked)).toBe(0)
  })

  it('keep the names of classes', () => {
    const names = `
      import * as all from 'millrace'
      import * as server from 'millrace/server'
      const classes = Object.entries({ ...all, ...server }).filter(([name]) => /^[A-Z]/.test(name))
      console.log(JSON.stringify(classes.map(([name, made]) => [name, made.name])))
    `
    const found = printed(names) as readonly (readonly [string, string])[]
    expect(found.map(([name]) => name)).toEqual(expect.arrayContaining(['Store', 'Server']))
    for (const [name, made] of found) expect(made).toBe(name)
  })
})
