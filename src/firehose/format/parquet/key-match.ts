import type { Column, ConversionConfiguration } from '../../configuration.ts'

/** How keys of JSON are made comparable with names of columns. */
export type KeyRule = (key: string) => string

/** Known keys of foreign records are forgotten from here on: there may be any number of them. */
const memoMax = 10_000

/**
 * Hive finds columns whatever the case of a key, and so does OpenX unless it was told otherwise; OpenX may also be told to
 * take points as underscores.
 */
export function keyRuleOf({
  kind,
  caseInsensitive,
  dotsToUnderscores,
}: ConversionConfiguration['input']): KeyRule {
  const lowers = kind === 'hive' || caseInsensitive
  const underscores = kind === 'openx' && dotsToUnderscores
  return (key) => {
    const plain = underscores ? key.replaceAll('.', '_') : key
    return lowers ? plain.toLowerCase() : plain
  }
}

/** Finds the column, or the member of a struct, that a key stands for. */
export class KeyMatch {
  readonly #rule: KeyRule
  /** By keys that went through the rule. */
  readonly #columns: ReadonlyMap<string, number>
  /** By keys as they are; -1 for those that stand for none. */
  readonly #memo: Map<string, number> = new Map()

  /** @param keyOfColumn columns that are read from other keys than their names */
  constructor(columns: readonly Column[], rule: KeyRule, keyOfColumn: Readonly<Record<string, string>> = {}) {
    this.#rule = rule
    const mapped = new Map(Object.entries(keyOfColumn).map(([column, key]) => [rule(column), key]))
    this.#columns = new Map(columns.map(({ name }, index) => [rule(mapped.get(rule(name)) ?? name), index]))
  }

  /** Its place among the columns, or -1. */
  indexOf(key: string): number {
    const known = this.#memo.get(key)
    if (known !== undefined) return known
    const index = this.#columns.get(this.#rule(key)) ?? -1
    if (this.#memo.size >= memoMax) this.#memo.clear()
    this.#memo.set(key, index)
    return index
  }
}
