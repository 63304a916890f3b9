import { InvalidArgumentError } from 'commander'
import { wholeNumber } from './values.ts'

/** A stream that a server has from its start. */
export interface InitialStream {
  readonly name: string
  readonly shards: number
}

const shardsOf = wholeNumber(1, 10_000)

/**
 * One more `name:shards`, or several with commas between them, behind those before; one shard if no number is
 * said.
 */
export function initialStream(text: string, before: readonly InitialStream[] = []): readonly InitialStream[] {
  const more = text.split(',').map((part) => {
    const [, name, shards = '1'] = /^([a-zA-Z0-9_.-]{1,128})(?::(\d+))?$/.exec(part.trim()) ?? []
    if (name === undefined) throw new InvalidArgumentError('It must be a name and shards, such as clicks:4.')
    return { name, shards: shardsOf(shards) }
  })
  const all = [...before, ...more]
  const names = new Set<string>()
  for (const { name } of all) {
    if (names.has(name)) throw new InvalidArgumentError(`${name} is there twice.`)
    names.add(name)
  }
  return all
}
