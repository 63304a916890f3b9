import { type Command, InvalidArgumentError, type Option } from 'commander'
import { MillraceError } from '../errors.ts'
import { usageError } from './failure.ts'
import type { Host } from './host.ts'
import { readOptionFile } from './option-file.ts'
import { isServiceLink } from './service-links.ts'
import { isNumber } from './settings-schema.ts'

/** Where a value comes from that nobody gave. */
const notGiven: ReadonlySet<string | undefined> = new Set([undefined, 'default'])

/**
 * Lets every option of a command come from the environment (`MILLRACE_` and its name) or from a file of JSON
 * that `--config` names (its name as in a program), too. The command line wins, then the environment, then
 * the file. Names that are no option are refused, but for those that Kubernetes makes. If any of them asks
 * for JSON, errors are JSON.
 */
export function withSettings(command: Command, host: Host): Command {
  command.option('--config <file>', 'file of JSON with values of these options')
  // For the help text; the parser reads the environment only for options that are known to come from there
  // when they are added.
  for (const option of command.options) option.env(variableOf(option))
  // Before the command line is read: that can fail, too.
  host.jsonErrors = truths[process.env['MILLRACE_JSON'] ?? ''] === true
  return command.hook('preAction', (_program, self) => {
    refuseUnknownVariables(self)
    applyEnvironment(self)
    const { config: file } = self.opts<{ readonly config?: string }>()
    if (file !== undefined) applyFile(self, file, host)
  })
}

function variableOf(option: Option): string {
  return `MILLRACE_${(option.long ?? '').slice(2).replaceAll('-', '_').toUpperCase()}`
}

/** A typo in a variable's name would silently do nothing. */
function refuseUnknownVariables(command: Command): void {
  const known = new Set(command.options.map(({ envVar }) => envVar))
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith('MILLRACE_') || foreign.has(name)) continue
    if (known.has(name) || isServiceLink(name, value)) continue
    throw new MillraceError(
      'ERR_MILLRACE_UNKNOWN_OPTION',
      `${name} in the environment is no option of ${command.name()}; --help lists them`,
      { details: { option: name } },
    )
  }
}

/** Variables of other parts of the project. */
const foreign: ReadonlySet<string> = new Set(['MILLRACE_NATIVE'])

function applyEnvironment(command: Command): void {
  for (const option of command.options) {
    const { envVar = '' } = option
    const text = process.env[envVar]
    const name = option.attributeName()
    if (text === undefined || isServiceLink(envVar, text)) continue
    // Also what is overridden is judged: it would be wrong one day.
    const value = isFlag(option) ? flagged(flagOf(option, text), envVar) : read(option, [text], envVar)
    if (!notGiven.has(command.getOptionValueSource(name))) continue
    command.setOptionValueWithSource(name, value, 'env')
  }
}

/** Whether an option is said or not, and has no value. */
function isFlag(option: Option): boolean {
  return option.isBoolean() || option.negate
}

/** What a flag of the environment makes of its option: one that begins with `--no-` turns it off. */
function flagOf(option: Option, text: string): boolean | string {
  const truth = truths[text]
  if (truth === undefined) return text
  return option.negate ? !truth : truth
}

/** What a flag is in the environment. */
const truths: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  false: false,
  '0': false,
  '': false,
}

function applyFile(command: Command, file: string, host: Host): void {
  const settings = settingsIn(file)
  if (notGiven.has(command.getOptionValueSource('json'))) host.jsonErrors = settings['json'] === true
  for (const [name, value] of Object.entries(settings)) {
    // What editors check the file by.
    if (name === '$schema') continue
    const option = command.options.find((candidate) => candidate.attributeName() === name)
    if (option === undefined || name === 'config') {
      const known = command.options.map((each) => each.attributeName()).filter((each) => each !== 'config')
      throw new MillraceError(
        'ERR_MILLRACE_UNKNOWN_OPTION',
        `${file}: ${JSON.stringify(name)} is not known; known are ${known.join(', ')}`,
        { details: { option: name, known } },
      )
    }
    const judged = checked(option, value, `${file}: ${name}`)
    if (!notGiven.has(command.getOptionValueSource(name))) continue
    command.setOptionValueWithSource(name, judged, 'config')
  }
}

function settingsIn(file: string): Readonly<Record<string, unknown>> {
  const text = readOptionFile('--config', file)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw usageError(`${file} is no JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageError(`${file} must hold a JSON object with options, such as {"port": 4567}`)
  }
  return value as Readonly<Record<string, unknown>>
}

/** A value of the file, judged as its schema says, and then as on the command line. */
function checked(option: Option, value: unknown, where: string): unknown {
  if (isFlag(option)) return flagged(value, where)
  const values: readonly unknown[] = Array.isArray(value) && isList(option) ? value : [value]
  const type = isNumber(option) ? 'number' : 'string'
  if (values.some((each) => typeof each !== type)) {
    throw usageError(
      `${where} must be ${type === 'number' ? 'a number' : `text${isList(option) ? ', or a list of it' : ''}`}`,
    )
  }
  return read(option, values.map(String), where)
}

function flagged(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value
  throw usageError(`${where} must be true or false`)
}

function isList(option: Option): boolean {
  return Array.isArray(option.defaultValue)
}

function read(option: Option, texts: readonly string[], where: string): unknown {
  let parsed: unknown = isList(option) ? [] : undefined
  for (const text of texts) parsed = parsedBy(option, text, parsed, where)
  return parsed
}

function parsedBy(option: Option, text: string, before: unknown, where: string): unknown {
  if (option.parseArg === undefined) return text
  try {
    return option.parseArg(text, before)
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw usageError(`${where}: ${error.message}`)
    throw error
  }
}
