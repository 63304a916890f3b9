import { writeSync } from 'node:fs'
import type { Logger, pino as makeLogger } from 'pino'
import type { LogFacts, ServerLog } from '../server/index.ts'

/** How much a server says: that and what is worse. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** One of them. */
export type LogLevel = (typeof logLevels)[number]

type Method = 'debug' | 'info' | 'warn' | 'error'
type Pino = { readonly pino: typeof makeLogger }

/** What every line has. */
const base = { name: 'millrace', pid: process.pid }

/** What a server says before its logger is there, at most; then it says how much it left out. */
const heldMax = 100
/** When the logger is loaded, after the server is ready. Milliseconds. */
const loadAfterMs = 500

/**
 * A log whose logger comes later, so that a server is ready before it has loaded one. What is said until then
 * is kept, with its time.
 */
export class ServeLog implements ServerLog {
  readonly #level: LogLevel
  #logger: Pick<Logger, Method> | undefined
  readonly #terminal: boolean
  readonly #loadPino: () => Promise<Pino>
  #held: {
    readonly method: Method
    readonly facts: LogFacts
    readonly message: string
    readonly atMs: number
  }[] = []
  #loading: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** When what is being said was said. */
  #saidAtMs: number | undefined
  #left = 0

  /**
   * @param terminal whether people read it: lines to read, else lines of JSON
   * @param loadPino loads the logger
   */
  constructor(level: LogLevel, terminal: boolean, loadPino: () => Promise<Pino> = () => import('pino')) {
    this.#level = level
    this.#terminal = terminal
    this.#loadPino = loadPino
  }

  debug(facts: LogFacts, message: string): void {
    this.#say('debug', facts, message)
  }

  info(facts: LogFacts, message: string): void {
    this.#say('info', facts, message)
  }

  warn(facts: LogFacts, message: string): void {
    this.#say('warn', facts, message)
  }

  error(facts: LogFacts, message: string): void {
    this.#say('error', facts, message)
  }

  isLevelEnabled(level: LogLevel): boolean {
    return logLevels.indexOf(level) >= logLevels.indexOf(this.#level)
  }

  /** The logger may be loaded soon: the first requests need not wait for that. */
  loadSoon(): void {
    this.#timer = setTimeout(() => void this.load(), loadAfterMs)
  }

  /** Loads the logger, and says what was kept. Never rejects: without a logger the lines are plainer. */
  load(): Promise<void> {
    clearTimeout(this.#timer)
    return (this.#loading ??= this.#load())
  }

  async #load(): Promise<void> {
    if (this.#level === 'silent') return
    const time = (): string => new Date(this.#saidAtMs ?? Date.now()).toISOString()
    const terminal = this.#terminal
    // Standard error, within the call: the last line of a process is said, too.
    const destination = { write: (line: string) => writeAll(terminal ? readable(line) : line) }
    try {
      const { pino } = await this.#loadPino()
      const timestamp = (): string => `,"time":"${time()}"`
      this.#logger = pino({ base, level: this.#level, timestamp }, destination)
    } catch (error) {
      // Descriptors may be short just now, and Node does not try again what could not be loaded once.
      const why = (error as Partial<NodeJS.ErrnoException>).code ?? String(error)
      this.#logger = plainLogger(time, destination)
      this.#say('warn', { why }, 'the logger cannot be loaded: lines are plain')
    }
    const held = this.#held
    this.#held = []
    for (const { method, facts, message, atMs } of held) {
      this.#saidAtMs = atMs
      this.#say(method, facts, message)
    }
    this.#saidAtMs = undefined
    if (this.#left > 0) this.#say('warn', { left: this.#left }, 'more was said at the start')
  }

  #say(method: Method, facts: LogFacts, message: string): void {
    if (!this.isLevelEnabled(method)) return
    if (this.#logger !== undefined) this.#logger[method](facts, message)
    else if (this.#held.length < heldMax) this.#held.push({ method, facts, message, atMs: Date.now() })
    else this.#left += 1
  }
}

/** Writes lines as pino does. */
function plainLogger(time: () => string, destination: { write(line: string): void }): Pick<Logger, Method> {
  const say =
    (level: Method) =>
    (facts: LogFacts, msg: string): void => {
      const line = { level: (logLevels.indexOf(level) + 1) * 10, time: time(), ...base, ...facts, msg }
      destination.write(`${JSON.stringify(line, plainly)}\n`)
    }
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') } as Pick<
    Logger,
    Method
  >
}

function plainly(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value
}

/** Whoever read our messages may be gone, or be slow: a log is not worth a server. */
function writeAll(text: string): void {
  try {
    writeSync(2, text)
  } catch {
    // There is nobody left to tell, or no room now.
  }
}

/** A line of JSON as people read it: time of day, level, message, facts. */
export function readable(line: string): string {
  const {
    level,
    time,
    name: _name,
    pid: _pid,
    msg,
    ...facts
  } = JSON.parse(line) as {
    readonly level: number
    readonly time: string
    readonly msg: string
  } & Record<string, unknown>
  const word = logLevels[Math.round(level / 10) - 1] ?? 'info'
  const shown = Object.entries(facts).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return `${[time.slice(11, 23), word.padEnd(5), msg, ...shown].join(' ')}\n`
}
