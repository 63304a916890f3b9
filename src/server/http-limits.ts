import { KiB, MiB, minuteMs, secondMs } from '../units.ts'

/** What clients may take of the server. */
export interface HttpLimits {
  /** All headers of a request together, bytes. */
  readonly headerBytes: number
  /** Headers of a request. */
  readonly headers: number
  /** Connections at once. */
  readonly connections: number
  /** Requests at once on one HTTP/2 connection. */
  readonly streams: number
  /** Until a request's headers are there, milliseconds. */
  readonly headersMs: number
  /** Until a whole request is there, milliseconds. */
  readonly requestMs: number
  /** How long a connection may stay without a request, milliseconds. */
  readonly idleMs: number
  /** How often this is looked at, milliseconds. */
  readonly checkMs: number
  /** While others wait for its memory, whoever moves too little in this time is cut off, milliseconds. */
  readonly stallMs: number
  /** What has come of bodies of requests that are read or worked on, all together, bytes; others wait. */
  readonly bodiesBytes: number
  /** Answers that clients have not taken yet, all together, bytes; beyond that no long ones are begun. */
  readonly answersBytes: number
  /** What a client has to take of its answers in `stallMs` while others wait, bytes. */
  readonly answerStallBytes: number
  /** What one HTTP/2 connection may make the server remember, bytes. */
  readonly sessionBytes: number
}

/** Enough for every client of AWS. */
export const httpLimits: HttpLimits = {
  headerBytes: 16 * KiB,
  headers: 100,
  connections: 10_000,
  streams: 1_000,
  headersMs: 10 * secondMs,
  requestMs: minuteMs,
  idleMs: 65 * secondMs,
  checkMs: secondMs,
  stallMs: 5 * secondMs,
  bodiesBytes: 256 * MiB,
  answersBytes: 256 * MiB,
  answerStallBytes: MiB,
  sessionBytes: 64 * MiB,
}
