// One writer process, from the moment it is let go until it is dead and everything it said has been heard.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('programs/writer.mjs', import.meta.url))

/** A writer that waits for its order: starting Node takes longer than most lives. */
export class Life {
  #child
  #ready
  #dead
  #listeners = []

  constructor() {
    this.#child = fork(program, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'] })
    this.#ready = once(this.#child, 'message')
    this.#ready.catch(() => {})
    const ended = once(this.#child, 'exit')
    const lines = createInterface({ input: this.#child.stdio[4] })
    lines.on('line', (line) => this.#heard(line))
    const silent = once(lines, 'close')
    this.#dead = Promise.all([ended, silent]).then(([[code, signal]]) => signal ?? code)
  }

  /** Lets it go. @returns how it ended: a signal's name, or an exit code */
  async live(order, plan, onEvent) {
    await this.#ready
    this.#listeners.push(onEvent, this.#killAfter(plan))
    const timer = plan.at === undefined ? undefined : setTimeout(() => this.kill(), plan.at)
    this.#child.send(plan.kind === 'call' ? { ...order, die: { call: plan.call, how: plan.how } } : order)
    try {
      return await this.#dead
    } finally {
      clearTimeout(timer)
    }
  }

  kill() {
    this.#child.kill('SIGKILL')
  }

  async end() {
    this.kill()
    await this.#dead
  }

  #heard(text) {
    // The last line may be cut: the writer died while it wrote.
    let line
    try {
      line = JSON.parse(text)
    } catch {
      return
    }
    for (const listener of this.#listeners) listener(line)
  }

  #killAfter({ kind, event, nth, lateMs }) {
    let count = 0
    return ([name]) => {
      if (kind !== 'event' || name !== event || ++count !== nth) return
      if (lateMs === 0) this.kill()
      else setTimeout(() => this.kill(), lateMs)
    }
  }
}
