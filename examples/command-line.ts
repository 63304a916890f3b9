import { parseArgs, type ParseArgsConfig } from 'node:util'

/** A command line that is not as the program's help says. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

type Options = NonNullable<ParseArgsConfig['options']>
type Values<Known extends Options> = ReturnType<
  typeof parseArgs<{ readonly args: string[]; readonly options: Known }>
>['values']

/** The values of options, of which there are no others. Throws `UsageError`. */
export function parsedOptions<const Known extends Options>(
  args: readonly string[],
  options: Known,
): Values<Known> {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
