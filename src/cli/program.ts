import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { usageError } from './failure.ts'
import type { Host } from './host.ts'

const manifest = new URL('../../package.json', import.meta.url)

/** Loads each command, in the order of the help text. */
const commands: Readonly<Record<string, () => Promise<(host: Host) => Command>>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  streams: async () => (await import('./commands/streams.ts')).streamsCommand,
  put: async () => (await import('./commands/put.ts')).putCommand,
  tail: async () => (await import('./commands/tail.ts')).tailCommand,
  peek: async () => (await import('./commands/peek.ts')).peekCommand,
  inspect: async () => (await import('./commands/inspect.ts')).inspectCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  repair: async () => (await import('./commands/repair.ts')).repairCommand,
}

/**
 * The `millrace` command, ready to parse. It throws instead of ending the process.
 *
 * @param args what will be parsed: if it begins with a command, the others are not loaded
 */
export async function createProgram(host: Host, args: readonly string[]): Promise<Command> {
  const { version, description } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, string>
  const program = new Command('millrace')
  // Every command below inherits this: help goes to standard output, errors are thrown and main.ts prints
  // them.
  program
    .exitOverride()
    .configureOutput({ writeOut: (text) => void host.output.write(text), writeErr: () => undefined })
    .showSuggestionAfterError(true)
    .description(description ?? '')
    .version(version ?? '', '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .argument('[command...]')
    .usage('[options] <command>')
    .addHelpText('after', programHelp)
    .action(() => {
      const [unknown] = program.args
      if (unknown !== undefined)
        throw usageError(`unknown command '${unknown}'; 'millrace' lists the commands`)
      program.outputHelp()
    })
  const [name = ''] = args
  const named = Object.hasOwn(commands, name) ? commands[name] : undefined
  for (const load of named === undefined ? Object.values(commands) : [named]) {
    const create = await load()
    program.addCommand(create(host))
  }
  inherit(program)
  return program
}

/** Hands the program's settings down to all commands below it. */
function inherit(parent: Command): void {
  for (const command of parent.commands) inherit(command.copyInheritedSettings(parent))
}

const programHelp = `
Exit codes: 0 done, 1 failed or damage found, 2 wrong command line, 130 ended by Ctrl-C.

Example:
  $ millrace streams create clicks --shards 4
  $ millrace put clicks events.ndjson --format ndjson --key-field user.id
  $ millrace tail clicks --limit 10`
