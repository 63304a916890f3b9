// `millrace serve` as a process of its own, and what the system says of it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export class ServerProcess {
  #child
  endpoint

  /** Starts one on a folder. */
  static async start(folder, args) {
    const all = [command, 'serve', '--dir', folder, '--port', '0', '--json', '--log-level', 'warn', ...args]
    const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [ready] = await once(child.stdout, 'data')
    return new ServerProcess(child, JSON.parse(String(ready)).endpoint)
  }

  constructor(child, endpoint) {
    this.#child = child
    this.endpoint = endpoint
  }

  /** Memory that no file backs, bytes. */
  rssAnon() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    const [, kibibytes] = /^RssAnon:\s+(\d+) kB$/m.exec(status)
    return Number(kibibytes) * 1024
  }

  /** What it has used of a processor so far, seconds. */
  cpuSeconds() {
    // Of each thread, nanoseconds on a processor: ticks would miss, or overrate, what takes microseconds.
    const folder = `/proc/${this.#child.pid}/task`
    return readdirSync(folder).reduce((sum, thread) => {
      const [ran] = readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')
      return sum + Number(ran) / 1e9
    }, 0)
  }

  /** Asks it to end. Answers its exit code. */
  async end() {
    this.#child.kill('SIGTERM')
    const [code] = await once(this.#child, 'exit')
    return code
  }
}
