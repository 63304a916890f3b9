import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'

const chosen = process.env['MILLRACE_CLIENTS']

/** `npm run test:clients` sets it: the clients that take long run, too. */
export const everyClient: boolean = chosen === 'all'

/** `npm run test:clients:java` sets it: those that Maven has to fetch, which is no package of the distribution. */
export const javaClients: boolean = chosen === 'java'

/** Whoever signs: any key does where nobody checks. */
const environment: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  LANG: 'C.UTF-8',
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_REGION: 'us-east-1',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
}

/** Runs a client to its end: what it printed. Rejects with what it said if it fails. */
export async function run(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const options = { env: environment, cwd, maxBuffer: 64 * 1024 * 1024 }
  const { stdout } = await promisify(execFile)(program, args, options)
  return stdout
}

/** Whether a program is there, and, for one of Python, what it imports. */
export async function installed(program: string, module?: string): Promise<boolean> {
  try {
    await access(program)
    if (module !== undefined) await run(program, ['-c', `import ${module}`])
    return true
  } catch {
    return false
  }
}
