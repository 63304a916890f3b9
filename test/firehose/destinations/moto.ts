import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A Python that has moto, if any: `MILLRACE_MOTO_PYTHON`, or the first one on the path. */
const python = process.env['MILLRACE_MOTO_PYTHON'] ?? 'python3'

/** Why moto cannot be used here; `undefined` if it can. */
export function motoMissing(): string | undefined {
  const probe = spawnSync(python, [
    '-c',
    'import importlib.util as u, sys; sys.exit(not (u.find_spec("moto") and u.find_spec("flask")))',
  ])
  return probe.status === 0 ? undefined : `${python} has no moto[s3,server]`
}

/** A server of moto in a process of its own. */
export class Moto {
  readonly endpoint: string
  readonly #process: ChildProcess

  private constructor(process: ChildProcess, endpoint: string) {
    this.#process = process
    this.endpoint = endpoint
  }

  static async start(): Promise<Moto> {
    const child = spawn(python, ['-u', '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const endpoint = await new Promise<string>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`moto ended with ${code}`)))
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          const address = /Running on (http:\S+)/.exec(line)?.[1]
          if (address !== undefined) resolve(address)
        })
      }
    })
    return new Moto(child, endpoint)
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }
}
