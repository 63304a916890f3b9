import type { Timing } from './contest.ts'

/** Wall-clock and processor time since its making. */
export class Stopwatch {
  readonly #cpu: NodeJS.CpuUsage = process.cpuUsage()
  readonly #startedAtMs: number = performance.now()

  read(): Timing {
    const ns = (performance.now() - this.#startedAtMs) * 1e6
    const { user, system } = process.cpuUsage(this.#cpu)
    return { ns, cpuNs: (user + system) * 1000 }
  }
}
