import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { quiet, serve } from '../rig.ts'
import { installed, javaClients, run } from './program.ts'

const folder = fileURLToPath(new URL('java', import.meta.url))
const target = join(folder, 'target')
const maven = '/usr/bin/mvn'

/** Why they are left out. */
let missing: string | undefined

async function java(program: string, ...args: string[]): Promise<string> {
  const classpath = await readFile(join(target, 'classpath.txt'), 'utf8')
  // The DynamoDB in the process is a SQLite, whose library lies beside its jar.
  const native = classpath.split(':').find((file) => file.endsWith('.so')) ?? '.'
  const settings = [
    `-Dsqlite4java.library.path=${dirname(native)}`,
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
    '-cp',
    `${join(target, 'classes')}:${classpath}`,
  ]
  // DynamoDB leaves a file where it runs.
  return run('/usr/bin/java', [...settings, program, ...args], target)
}

beforeAll(async () => {
  if (!javaClients) missing = 'they take minutes and need Maven Central: npm run test:clients:java'
  else if (!(await installed(maven))) missing = 'there is no Maven: apt-get install maven'
  if (missing !== undefined) return
  const output = `-Dmdep.outputFile=${join(target, 'classpath.txt')}`
  await run(maven, [
    '-q',
    '-B',
    '-f',
    join(folder, 'pom.xml'),
    'compile',
    'dependency:build-classpath',
    output,
  ])
}, 600_000)

describe('clients in Java, which speak CBOR', () => {
  it.for(['h2', 'h1'])(
    'the SDK 2 creates, puts, reads, splits, subscribes and deletes over %s',
    { timeout: 60_000 },
    async (protocol, { skip }) => {
      if (missing !== undefined) skip(missing)
      expect(await against('Life', protocol)).toMatch(/pushed .* ms after the put began/)
    },
  )

  it.for(['fan-out', 'polling'])(
    'the Kinesis Client Library consumes a split stream by %s',
    { timeout: 300_000 },
    async (retrieval, { skip }) => {
      if (missing !== undefined) skip(missing)
      expect(await against('Library', retrieval)).toContain('400 records once each, 3 shards')
    },
  )
})

/** Runs a program against a server of its own: what it said. */
async function against(program: string, argument: string): Promise<string> {
  const { server } = await serve()
  const said = await java(program, server.endpoint, argument)
  process.stdout.write(said)
  await quiet(server)
  return said
}
