import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
// @ts-expect-error -- a program of plain JavaScript, without declarations
import * as options from './trial-options.mjs'

const rules = {
  kills: options.wholeNumber(200),
  seed: options.seedNumber(7),
  share: options.anyNumber(0.2, { above: 0, most: 1 }),
  'warm-up': options.anyNumber(0.25, { least: 0, below: 1 }),
  durability: options.oneOf(['process', 'none']),
  folder: options.existingFolder('/tmp'),
  path: options.shapedText('a path such as 1:2', /^\d+(:\d+)*$/),
  keep: options.flag(),
}

const read = (...args: string[]): { values: Record<string, unknown>; words: unknown[]; help: boolean } =>
  options.readOptions(args, rules)

describe('the options of a trial', () => {
  it('are what was fallen back on where nothing is given', () => {
    expect(read()).toEqual({
      values: {
        kills: 200,
        seed: 7,
        share: 0.2,
        'warm-up': 0.25,
        durability: undefined,
        folder: '/tmp',
        path: undefined,
        keep: false,
      },
      words: [],
      help: false,
    })
  })

  it('are read as what they are, up to the ends of their ranges', () => {
    const args = ['--kills', '1', '--seed=0', '--share', '1', '--warm-up', '0', '--durability', 'none']
    const { values } = read(...args, '--path', '24:0:2', '--keep')
    expect(values).toMatchObject({ kills: 1, seed: 0, share: 1, 'warm-up': 0, durability: 'none' })
    expect(values).toMatchObject({ path: '24:0:2', keep: true })
  })

  it('draw a seed that is a whole number', () => {
    expect(options.seedNumber().fallback).toSatisfy(Number.isSafeInteger)
  })

  it.each([
    [['--kills', '0'], '--kills takes a whole number of at least 1, not "0"'],
    [['--kills', 'abc'], '--kills takes a whole number of at least 1, not "abc"'],
    [['--kills', '1.5'], '--kills takes a whole number of at least 1, not "1.5"'],
    [['--seed', ''], '--seed takes a whole number of at least 0, not ""'],
    [['--kills', '9007199254740992'], '--kills takes a whole number of at least 1, not "9007199254740992"'],
    [['--kills'], '--kills takes a whole number of at least 1, not nothing'],
    [['--kills', '--keep'], '--kills takes a whole number of at least 1, not "--keep"'],
    [['--kills', '3\n4'], String.raw`--kills takes a whole number of at least 1, not "3\n4"`],
    [['--seed', '-1'], '--seed takes a whole number of at least 0, not "-1"'],
    [['--share', '0'], '--share takes a number above 0 and of at most 1, not "0"'],
    [['--share', '1.1'], '--share takes a number above 0 and of at most 1, not "1.1"'],
    [['--warm-up', '1'], '--warm-up takes a number of at least 0 and below 1, not "1"'],
    [['--warm-up', '-0.1'], '--warm-up takes a number of at least 0 and below 1, not "-0.1"'],
    [['--share', 'Infinity'], '--share takes a number above 0 and of at most 1, not "Infinity"'],
    [['--durability', 'foo'], '--durability takes one of process, none, not "foo"'],
    [['--folder', '/nowhere'], '--folder takes a folder that is there, not "/nowhere"'],
    [['--path', '24:'], '--path takes a path such as 1:2, not "24:"'],
    [['--keep=yes'], '--keep takes no value, not "yes"'],
    [['word'], 'it takes options alone, not the word "word"'],
    [['--', '--kills'], 'it takes options alone, not the word "--kills"'],
  ])('%j is refused', (args, message) => {
    expect(() => read(...args)).toThrow(new options.Refusal(message))
  })

  it.each(['--kill', '--kill=3', '-k', '--no-keep', '--toString', '--__proto__'])(
    'there is none that is called %s',
    (arg) => {
      expect(() => read(arg)).toThrow(/^there is no option "-.*; there are --kills, .*, --keep, --help$/)
    },
  )

  it('ask for help, whatever else is there', () => {
    expect(read('--kills', 'abc', '--help').help).toBe(true)
  })
})

describe('the words of a trial', () => {
  const names = options.oneOf(['frame', 'page'])

  it('are those of its rule, in their order', () => {
    expect(options.readOptions(['page', '--keep', 'frame'], rules, names).words).toEqual(['page', 'frame'])
    expect(() => options.readOptions(['page', 'foo'], rules, names)).toThrow(
      'a word is one of frame, page, not "foo"',
    )
  })

  it('are as many as there must be', () => {
    const one = { ...names, count: 1 }
    expect(options.readOptions(['page'], {}, one).words).toEqual(['page'])
    for (const args of [[], ['page', 'frame']])
      expect(() => options.readOptions(args, {}, one)).toThrow('there must be 1 word')
  })
})

it('shows the comment at the head of a program as its usage', () => {
  expect(options.usageOf('// node a.mjs\n//\n//   --b  c\nimport x\n// more\n')).toBe(
    'node a.mjs\n\n  --b  c\n',
  )
})

describe('a program', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const start = (program: string, ...args: string[]) =>
    spawnSync(process.execPath, ['--expose-gc', program, ...args], { cwd: root, encoding: 'utf8' })

  it.each([
    ['test/kills/main.mjs', '--durability', 'foo'],
    ['test/tails/main.mjs', '--records', 'abc'],
    ['test/lifetimes/main.mjs', '--cycles', 'abc'],
    ['test/soak/main.mjs', '--share', '2'],
    ['test/workers/terminations.mjs', '--seed', 'abc'],
    ['scripts/stores.mjs', '--states', '0'],
    ['scripts/sequences.mjs', '--processes', '0'],
    ['scripts/fuzz.mjs', 'a word is', 'no-such-fuzzer'],
    ['scripts/mutants.mjs', 'a word is', 'no-such-bug'],
    ['scripts/faults.mjs', 'there is no option', '--foo'],
    ['scripts/flips.mjs', 'it takes options alone', 'foo'],
    ['scripts/sanitized.mjs', 'a word is', 'memory'],
  ])('%s refuses %s %s before it does anything', (program, said, arg) => {
    const args = said.startsWith('--') ? [said, arg] : [arg]
    const { status, stdout, stderr } = start(program, ...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^[^\n]+\n$/)
    expect(stderr.startsWith(`${program}: ${said}`)).toBe(true)
    expect(stderr).toContain(`"${arg}"`)
  })

  it.each(['test/kills/main.mjs', 'scripts/sanitized.mjs'])('%s shows how it is used', (program) => {
    const { status, stdout, stderr } = start(program, '--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`node ${program}`)
  })
})
