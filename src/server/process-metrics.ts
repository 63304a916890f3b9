import { collectDefaultMetrics, Registry } from 'prom-client'
import { countFromStart } from './cpu-time.ts'

let registry: Registry | undefined

/**
 * Figures of the process, `process_*` and `nodejs_*`: one registry for all servers in it, made at the first look. What
 * prom-client has watch the process for them cannot be told to end: it would add up with each server.
 */
export function processMetrics(): Registry {
  if (registry === undefined) {
    registry = new Registry()
    const used = process.cpuUsage()
    collectDefaultMetrics({ register: registry })
    countFromStart(registry, used)
  }
  return registry
}
