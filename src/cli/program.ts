import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { inspectCommand } from './commands/inspect.ts'
import { putCommand } from './commands/put.ts'
import { repairCommand } from './commands/repair.ts'
import { streamsCommand } from './commands/streams.ts'
import { tailCommand } from './commands/tail.ts'
import { verifyCommand } from './commands/verify.ts'
import { usageError } from './failure.ts'
import type { Host } from './host.ts'

const manifest = new URL('../../package.json', import.meta.url)

/** The `millrace` command with all of its commands, ready to parse. It throws instead of ending the process. */
export function createProgram(host: Host): Command {
  const { version, description } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, string>
  const program = new Command('millrace')
  // Every command below inherits this: help goes to standard output, errors are thrown and main.ts prints them.
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
  const all = [streamsCommand, putCommand, tailCommand, inspectCommand, verifyCommand, repairCommand]
  for (const create of all) program.addCommand(create(host))
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
