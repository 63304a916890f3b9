/**
 * Takes what a server has to say about itself: a logger such as pino's. It is given facts that it may keep: never a
 * record's content, a header or a secret.
 */
export interface ServerLog {
  debug(facts: LogFacts, message: string): void
  info(facts: LogFacts, message: string): void
  warn(facts: LogFacts, message: string): void
  error(facts: LogFacts, message: string): void
  /** Whether `debug` does anything: then every request is told of. Asked for each. */
  isLevelEnabled(level: 'debug'): boolean
}

/** Plain values, and errors. */
export type LogFacts = Readonly<Record<string, unknown>>

/** Says nothing. */
export const silentLog: ServerLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  isLevelEnabled: () => false,
}
