import type { Contestant } from './contestant.ts'
import type { ContestantName } from './contestants.ts'

/** What is asked of everybody, in a file of its own. */
export interface Question {
  /** In lower case with hyphens: what `--only` looks for. */
  readonly id: string
  /** Names the row. */
  readonly title: string
  /** What is timed, and what is not: lines for the reader of the figures. */
  readonly terms: readonly string[]
  /** What the figures are. */
  readonly unit: string
  /** Whether larger figures are better or smaller ones. */
  readonly better: 'more' | 'less'
  /** Those who are asked; the first is millrace. */
  readonly contestants: readonly ContestantName[]
  readonly bars: readonly Bar[]
  /** Rounds, where one takes too long to be repeated as often as asked for. */
  readonly roundsMax?: number
  /** Bytes that a round writes: as much memory is touched before it (bench/page-supply.ts). */
  readonly roundBytes?: (scale: number) => number
  /** Gets ready for rounds, in a process that does nothing else. */
  prepare(setting: Setting): Promise<Prepared>
}

/** What is aimed at: `floor` at least, `goal` at best. */
export type Bar =
  /** How many times as good as a peer in the same round. */
  | {
      readonly of?: ContestantName
      readonly against: ContestantName
      readonly floor: number
      readonly goal: number
    }
  /** A figure of millrace by itself, in the question's unit. */
  | {
      readonly of?: ContestantName
      readonly against: undefined
      readonly floor?: number
      readonly goal: number
    }

export interface Setting {
  readonly name: ContestantName
  readonly contestant: Contestant
  /** An empty folder of the contestant's own. */
  readonly folder: string
  /** 1 for a whole run; less asks for less data, never for other work. */
  readonly scale: number
}

/** A contestant that is ready for rounds. */
export interface Prepared {
  round(): Promise<Measured>
  close(): Promise<void>
}

/** What came out of one round. */
export interface Measured {
  readonly figure: number
  /** Further figures with their units in their names; shown beside the first one. */
  readonly also?: Readonly<Record<string, number>>
}
