import { invalidArgument } from '../../errors.ts'
import { DatePattern } from './date-pattern.ts'
import { TimeZone, type ZonedTime } from './zoned-time.ts'

/** What a template is evaluated with. */
interface TemplateValues {
  readonly name: string
  readonly id: string
  readonly time: ZonedTime
  readonly extension: string
}

type Part = string | ((values: TemplateValues) => string)

const utc = new TimeZone('timeZone', 'UTC')

function date(pattern: string): Part {
  const compiled = new DatePattern(pattern, utc)
  return ({ time }) => compiled.print(time)
}

const extensionPart: Part = ({ extension }) => extension

/** Kinesis developer guide, "S3 output key template"; `YY` as in that of Managed Streaming for Kafka. */
const variables: Readonly<Record<string, Part>> = {
  'channel-name': ({ name }) => name,
  'channel-id': ({ id }) => id,
  yyyy: date('yyyy'),
  YY: date('yy'),
  MM: date('MM'),
  dd: date('dd'),
  HH: date('HH'),
  mm: date('mm'),
  extension: extensionPart,
}

/** What a channel has without one. */
export const defaultKeyTemplate: string =
  'kinesis-channel/!{channel-name}/!{channel-id}/!{yyyy}/!{MM}/!{dd}/!{HH}/' +
  '!{channel-name}-!{channel-id}-!{yyyy}-!{MM}-!{dd}-!{HH}-!{mm}!{extension}'

/** Bytes of a key at most, as S3 has it. All characters of a template are ASCII. */
const keyBytesMax = 1024
const allowed = /^[0-9A-Za-z!\-_'.*()/=:{}]{1,1024}$/

/** A template of the whole keys of a channel's objects, out of text and variables `!{name}`. */
export class KeyTemplate {
  readonly #parts: readonly Part[]

  /** @throws `ERR_MILLRACE_INVALID_ARGUMENT` under the name of `field` */
  constructor(field: string, text: string = defaultKeyTemplate) {
    const refuse = (rule: string): Error => invalidArgument(field, text, rule)
    if (typeof text !== 'string' || !allowed.test(text)) {
      throw refuse(`1 to 1,024 of letters, digits and ! - _ ' . * ( ) / = : { }`)
    }
    if (text.startsWith('/') || text.endsWith('/') || text.includes('..') || text.includes('./')) {
      throw refuse('a template that neither begins nor ends with / and has no .. or ./ in it')
    }
    this.#parts = [...partsOf(text, refuse)]
  }

  /** The longest key there is for a channel of so long a name. Bytes. */
  longest(nameLength: number): number {
    const name = 'n'.repeat(nameLength)
    return this.key({ name, id: longestUuid }, Date.UTC(2000, 0), '.zst', longestUuid).length
  }

  /**
   * @param oldestMs milliseconds since 1970; shown in UTC
   * @param extension with its full stop, or ''
   * @param unique what no other key has: before the extension if that is last, else behind all
   */
  key(
    channel: { readonly name: string; readonly id: string },
    oldestMs: number,
    extension: string,
    unique: string,
  ): string {
    const values = { ...channel, time: utc.at(oldestMs), extension }
    const last = this.#parts.at(-1) === extensionPart ? this.#parts.length - 1 : this.#parts.length
    const text = (parts: readonly Part[]): string =>
      parts.map((part) => (typeof part === 'string' ? part : part(values))).join('')
    return `${text(this.#parts.slice(0, last))}-${unique}${text(this.#parts.slice(last))}`
  }
}

const longestUuid = '00000000-0000-0000-0000-000000000000'

/**
 * A template whose keys S3 takes for a channel of this name.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function checkedKeyTemplate(field: string, text: string, nameLength: number): void {
  if (new KeyTemplate(field, text).longest(nameLength) <= keyBytesMax) return
  throw invalidArgument(field, text, `a template of keys of at most ${keyBytesMax} bytes`)
}

function* partsOf(text: string, refuse: (rule: string) => Error): Generator<Part> {
  let at = 0
  while (at < text.length) {
    const start = text.indexOf('!{', at)
    if (start !== at) yield text.slice(at, start < 0 ? text.length : start)
    if (start < 0) return
    const end = text.indexOf('}', start)
    if (end < 0) throw refuse('a template in which !{ begins a variable, and } ends it')
    const name = text.slice(start + 2, end)
    const part = Object.hasOwn(variables, name) ? variables[name] : undefined
    if (part === undefined) {
      throw refuse(`a template with the variables ${Object.keys(variables).join(', ')}, unlike !{${name}}`)
    }
    yield part
    at = end + 1
  }
}
