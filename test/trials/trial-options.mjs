// What a trial is asked for on its command line. A mistake there must not become a trial of nothing that passes, nor one
// that never ends: it is refused in one line before anything else happens.
import { readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/**
 * @typedef {object} Rule
 * @property {string} says what it takes, to follow "takes" in a sentence
 * @property {(text: string) => unknown} read the value of a text, `undefined` if it is none
 * @property {unknown} [fallback] the value where none is given
 * @property {boolean} [isFlag] it stands alone
 * @property {number} [count] of words: how many there must be
 */

/** A command line that does not say what to do. The message is one line, for a person. */
export class Refusal extends Error {}

/**
 * What this program was asked for. Ends the process with code 2 and one line where that is nothing it knows, and with 0
 * after `--help`, for which it shows the comment at its head.
 *
 * @param {Record<string, Rule>} options by their names
 * @param {Rule} [words] of each argument that is no option; none is taken if it is left out
 */
export function trialOptions(options, words) {
  const program = process.argv[1]
  try {
    const asked = readOptions(process.argv.slice(2), options, words)
    if (!asked.help) return asked
    process.stdout.write(usageOf(readFileSync(program, 'utf8')))
    process.exit(0)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`${relative(root, program)}: ${error.message}\n`)
    process.exit(2)
  }
}

/**
 * @param {readonly string[]} args
 * @param {Record<string, Rule>} options
 * @param {Rule} [words]
 * @returns {{ values: Record<string, unknown>, words: unknown[], help: boolean }}
 * @throws {Refusal}
 */
export function readOptions(args, options, words) {
  const rules = { ...options, help: flag() }
  const types = Object.entries(rules).map(([name, { isFlag }]) => [
    name,
    { type: isFlag ? 'boolean' : 'string' },
  ])
  const { tokens } = parseArgs({ args, options: Object.fromEntries(types), strict: false, tokens: true })
  const values = Object.fromEntries(Object.entries(options).map(([name, { fallback }]) => [name, fallback]))
  if (tokens.some(({ rawName }) => rawName === '--help')) return { values, words: [], help: true }
  const given = []
  for (const { kind, name, rawName, value } of tokens) {
    if (kind === 'positional') given.push(wordOf(value, words))
    if (kind === 'option') values[name] = valueOf(rawName, value, rules)
  }
  if (given.length !== (words?.count ?? given.length))
    throw new Refusal(`there must be ${words.count} word that is ${words.says}, not ${given.length} words`)
  return { values, words: given, help: false }
}

function valueOf(rawName, text, rules) {
  const name = rawName.replace(/^--/, '')
  if (!rawName.startsWith('--') || !Object.hasOwn(rules, name)) {
    const known = Object.keys(rules).map((each) => `--${each}`)
    const shown = text === undefined ? '' : ` (${quoted(text)})`
    throw new Refusal(`there is no option ${quoted(rawName)}${shown}; there are ${known.join(', ')}`)
  }
  const rule = rules[name]
  if (rule.isFlag && text === undefined) return true
  const value = text === undefined || text.trim() === '' ? undefined : rule.read(text)
  if (value === undefined) throw new Refusal(`${rawName} takes ${rule.says}, not ${quoted(text)}`)
  return value
}

function wordOf(text, rule) {
  if (rule === undefined) throw new Refusal(`it takes options alone, not the word ${quoted(text)}`)
  const value = rule.read(text)
  if (value === undefined) throw new Refusal(`a word is ${rule.says}, not ${quoted(text)}`)
  return value
}

/** On one line, whatever is in it. */
function quoted(text) {
  return text === undefined ? 'nothing' : JSON.stringify(text)
}

/** The comment that a program begins with. */
export function usageOf(source) {
  const lines = source.split('\n')
  const head = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('//')),
  )
  return head.map((line) => `${line.replace(/^\/\/ ?/, '')}\n`).join('')
}

/**
 * @param {number} [fallback]
 * @param {{ above?: number, least?: number, most?: number, below?: number }} [range]
 * @returns {Rule}
 */
export function anyNumber(fallback, range = {}) {
  return numberThat('a number', Number.isFinite, fallback, range)
}

/** A whole number: a count of something, unless the range says otherwise. @returns {Rule} */
export function wholeNumber(fallback, range = {}) {
  return numberThat('a whole number', Number.isSafeInteger, fallback, { least: 1, ...range })
}

/** Where chance begins: a whole number that is not negative. Drawn if there is no fallback. @returns {Rule} */
export function seedNumber(fallback = Date.now() % 2 ** 31, range = {}) {
  return wholeNumber(fallback, { least: 0, ...range })
}

function numberThat(what, isOne, fallback, { above, least, most, below }) {
  const limits = Object.entries({ above, 'of at least': least, 'of at most': most, below })
  const bounds = limits.filter(([, limit]) => limit !== undefined)
  const isInRange = (value) => !(value <= above) && !(value < least) && !(value > most) && !(value >= below)
  return {
    says: [what, bounds.map(([bound, limit]) => `${bound} ${limit}`).join(' and ')].join(' ').trim(),
    fallback,
    read(text) {
      const value = Number(text)
      return isOne(value) && isInRange(value) ? value : undefined
    },
  }
}

/** One of some words. @returns {Rule} */
export function oneOf(words, fallback) {
  return {
    says: `one of ${words.join(', ')}`,
    fallback,
    read: (text) => (words.includes(text) ? text : undefined),
  }
}

/** A folder that is there. @returns {Rule} */
export function existingFolder(fallback) {
  return {
    says: 'a folder that is there',
    fallback,
    read: (path) => (statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : undefined),
  }
}

/** A text of some shape. @param {string} says @param {RegExp} shape @returns {Rule} */
export function shapedText(says, shape) {
  return { says, read: (given) => (shape.test(given) ? given : undefined) }
}

/** An option that stands alone. @returns {Rule} */
export function flag() {
  return { says: 'no value', fallback: false, isFlag: true, read: () => undefined }
}
