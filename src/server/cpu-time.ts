import type { Counter, Registry } from 'prom-client'

/**
 * Has the counters of CPU time begin with the process, as those of every other exporter do: prom-client's begin when it
 * is asked for them.
 *
 * @param used before that
 */
export function countFromStart(registry: Registry, used: NodeJS.CpuUsage): void {
  const count = (name: string, micros: number): void => {
    const counter = registry.getSingleMetric(name) as Counter | undefined
    counter?.inc(micros / 1e6)
  }
  count('process_cpu_user_seconds_total', used.user)
  count('process_cpu_system_seconds_total', used.system)
  count('process_cpu_seconds_total', used.user + used.system)
}
