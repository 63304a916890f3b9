import type { Command, Option } from 'commander'
import type { WholeNumber } from './values.ts'

/** What JSON Schema says of one value. */
type ValueSchema = Readonly<Record<string, unknown>>

/**
 * The JSON Schema of a command's file of settings, made from its options: `--config` refuses what it refuses.
 */
export function settingsSchema(command: Command, id: string): Readonly<Record<string, unknown>> {
  const options = command.options.filter(
    (option) => option.attributeName() !== 'config' && !isPlumbing(option),
  )
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: id,
    title: `Settings of millrace ${command.name()}`,
    description: 'A file for --config. The command line and the environment win over it.',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      ...Object.fromEntries(options.map((option) => [option.attributeName(), schemaOf(option)])),
    },
  }
}

/** Options of the parser itself. */
function isPlumbing(option: Option): boolean {
  return option.long === '--help' || option.long === '--version'
}

/** Whether a file has the option as a number; anything else that is no flag is text. */
export function isNumber(option: Option): boolean {
  return typeof option.defaultValue === 'number'
}

function rangeOf({ parseArg }: Option): ValueSchema {
  const { min, max } = (parseArg ?? {}) as Partial<WholeNumber>
  return min === undefined ? {} : { minimum: min, maximum: max }
}

function schemaOf(option: Option): ValueSchema {
  const { description, defaultValue } = option
  const given =
    defaultValue !== undefined && !Array.isArray(defaultValue) ? { default: defaultValue as unknown } : {}
  const words = { description, ...given }
  // What begins with `--no-` is there unless it is said; its words are of what is not.
  if (option.negate) return { type: 'boolean', description: `false: ${description}`, default: true }
  if (option.isBoolean()) return { type: 'boolean', ...words }
  if (option.argChoices !== undefined) return { enum: option.argChoices, ...words }
  if (isNumber(option)) return { type: 'integer', ...rangeOf(option), ...words }
  const text = { type: 'string', minLength: 1 }
  if (Array.isArray(defaultValue)) return { ...words, anyOf: [text, { type: 'array', items: text }] }
  return { ...text, ...words }
}
