import { describe, expect, it } from 'vitest'
import { ambientTime, namesAddon, topLevelAwait } from './purity.ts'

const inStreams = (text: string): { path: string; text: string } => ({ path: 'src/streams/store.ts', text })

describe('time as a parameter', () => {
  it.each([
    'const at = Date.now()',
    'const id = Math.random()',
    'setInterval(sweep, 1000)',
    'setTimeout(() => {}, 5)',
    'const at = new Date()',
    'const at = performance.now()',
  ])('refuses %s below the command line', (text) => {
    expect(ambientTime(inStreams(`export {}\n${text}\n`))).toHaveLength(1)
  })

  it('names the line', () => {
    expect(ambientTime(inStreams('/* one\n two */\nDate.now()'))[0]).toMatch(
      /^src\/streams\/store\.ts:3: Date\.now /,
    )
  })

  it('does not mind the words in comments and strings', () => {
    const text = "// Date.now()\n/** setInterval */ const name = 'Math.random'\nconst a = `new Date()`"
    expect(ambientTime(inStreams(text))).toEqual([])
  })

  it('does not mind a date made from a number', () => {
    expect(ambientTime(inStreams('new Date(record.arrivedAtMs)'))).toEqual([])
  })

  it.each(['src/clock.ts', 'src/cli/progress.ts'])('lets %s ask the system', (path) => {
    expect(ambientTime({ path, text: 'Date.now()' })).toEqual([])
  })
})

describe('top-level await', () => {
  it.each(["const m = await import('x')", 'for await (const x of y) {}', 'if (a) b()\nawait c()'])(
    'refuses %s',
    (text) => {
      expect(topLevelAwait(inStreams(text))).toHaveLength(1)
    },
  )

  it('accepts await inside functions', () => {
    const text =
      'const a = async () => { await b }\nasync function* c() { for await (const x of y) yield x }\nconst p = /[({]/'
    expect(topLevelAwait(inStreams(text))).toEqual([])
  })
})

describe('the addon', () => {
  it('is named by its loader', () => {
    expect(namesAddon({ path: 'src/native/load.ts', text: "require('millrace.node')" })).toEqual([])
  })

  it('is not named by anybody else', () => {
    expect(namesAddon(inStreams("require('../build/Release/millrace.node')"))).toHaveLength(1)
  })
})
