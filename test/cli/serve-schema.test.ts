import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { serveCommand } from '../../src/cli/commands/serve.ts'
import type { Host } from '../../src/cli/host.ts'
import { settingsSchema } from '../../src/cli/settings-schema.ts'
import { millrace } from './millrace.ts'

const file = new URL('../../schema/serve.schema.json', import.meta.url)
const made = settingsSchema(serveCommand({} as Host), 'serve.schema.json')

if (process.env['SERVE_SCHEMA'] === 'make') await writeFile(file, `${JSON.stringify(made, null, 2)}\n`)

/** Every flag of the help text, as a file has it. */
async function flags(): Promise<readonly string[]> {
  const { stdout } = await millrace('serve', '--help')
  const found = [...stdout.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)].map(([, flag = '']) => flag)
  return found.map((flag) => flag.replaceAll(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase()))
}

/** A file names its schema where the command line names the file. */
function asInFile(flag: string): string {
  // What the command line turns off, a file says to be false.
  if (/^no[A-Z]/.test(flag)) return flag.charAt(2).toLowerCase() + flag.slice(3)
  return flag === 'config' ? '$schema' : flag
}

async function served(settings: object): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-schema-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'settings.json')
  await writeFile(path, JSON.stringify(settings))
  // A host that cannot be listened on: it ends by itself.
  const memory = 'memory' in settings ? [] : ['--memory']
  return (
    await millrace('serve', ...memory, '--config', path, '--host', 'no.such.host.invalid', '--insecure')
  ).stderr
}

describe('the schema of serve', () => {
  it('is the one in schema/', async () => {
    // After a change of the options: npm run schema
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(made)))
  })

  it('knows the options that the help text has, and no others', async () => {
    const known = Object.keys(made['properties'] as object)
    expect(known.toSorted()).toEqual(
      (await flags())
        .filter((flag) => flag !== 'help')
        .map(asInFile)
        .toSorted(),
    )
  })

  it('may be named by the file', async () => {
    const said = await served({ $schema: './serve.schema.json' })
    expect(said).toContain('ERR_MILLRACE_ADDRESS')
  })

  it.each([
    { prot: 1 },
    { port: 'x' },
    { port: '0' },
    { port: 99_999 },
    { graceSeconds: -1 },
    { account: 123456789012 },
    { console: 'false' },
    { limits: 'sometimes' },
    { memory: 'yes' },
    { graceSeconds: {} },
    { stream: [[]] },
    { logLevel: 'loud' },
  ])('and the command refuse %j alike', async (settings) => {
    const [[name]] = Object.entries(settings) as [[string, unknown]]
    const said = await served(settings)
    expect(said).toMatch(/ERR_MILLRACE_(INVALID_ARGUMENT|UNKNOWN_OPTION)/)
    expect(said).toContain(name)
  })

  it('says what is wrong also of a value that is overridden', async () => {
    vi.stubEnv('MILLRACE_PORT', '0')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await served({ port: 99_999 })).toMatch(/settings\.json: port: It must be a whole number/)
    vi.stubEnv('MILLRACE_LIMITS', 'often')
    expect(await served({ limits: 'off' })).toMatch(/MILLRACE_LIMITS: Allowed choices/)
  })

  it('says which numbers there are, and what a flag that is turned off means', () => {
    expect(made['properties']).toMatchObject({
      port: { type: 'integer', minimum: 0, maximum: 65_535 },
      console: { type: 'boolean', default: true, description: 'false: no page for people at /console' },
    })
  })
})
