// @ts-expect-error -- a program of plain JavaScript, without declarations
import { Random } from '../../trials/random.mjs'

/** Chance that can be repeated. */
export interface Chance {
  /** 32 bits. */
  bits(): number
  /** A whole number, both ends included. */
  between(least: number, most: number): number
  /** True once in `times`. */
  once(times: number): boolean
  pick<T>(choices: readonly T[]): T
  /** One of the keys, as often as its value says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name
}

/** Everything that follows from a seed. */
export function chanceOf(seed: number): Chance {
  return new Random(seed) as Chance
}
