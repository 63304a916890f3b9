// When a writer is killed.

/** Events after which one may be killed, as often as their weights say. */
const events = {
  stored: 30,
  open: 14,
  opened: 6,
  close: 14,
  closed: 6,
  roll: 10,
  flush: 8,
  flushed: 4,
  create: 6,
  created: 6,
  delete: 6,
  deleted: 6,
  clock: 6,
  terminate: 4,
  change: 12,
  changed: 6,
  throttled: 4,
}

/** However slow the machine, a writer that does not come to its end is killed by then. */
const latestMs = 600

/**
 * One way to die: `at` so many milliseconds after the writer was let go; after an `event` was reported for the nth time,
 * `lateMs` later; or by its own hand within a `call`.
 */
export function planKill(random) {
  switch (random.weighted({ time: 4, event: 5, call: 3 })) {
    case 'time':
      return { kind: 'time', at: random.unit() * 250 }
    case 'event': {
      const event = random.weighted(events)
      const often = event === 'stored' ? 60 : 3
      const lateMs = random.once(2) ? 0 : random.unit() * 4
      return { kind: 'event', event, nth: random.between(1, often), lateMs, at: latestMs }
    }
    default: {
      const call = random.between(0, 150)
      return { kind: 'call', call, how: random.pick(['now', 'microtask', 'turn']), at: latestMs }
    }
  }
}
