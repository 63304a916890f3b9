import type { Catalog } from './catalog.ts'

/** What is to be done before the consumers start. */
export type Plan =
  /** The last replay was interrupted: the records of it that each shard has already. */
  | { readonly kind: 'finish'; readonly rows: number; readonly stored: readonly number[] }
  | { readonly kind: 'nothing' }
  /** More records than were announced, or fewer than complete replays must have. */
  | { readonly kind: 'refuse'; readonly why: string }

/**
 * Compares what is stored, shard by shard, with what was announced: the rows of each replay. Only the last one may
 * be incomplete. Pure.
 */
export function planFor(announced: readonly number[], stored: readonly number[], catalog: Catalog): Plan {
  const last = announced.at(-1) ?? 0
  const wanted = catalog.recordsOf(last)
  const before = announced.slice(0, -1).map((rows) => catalog.recordsOf(rows))
  const ofLast = stored.map((records, shard) =>
    before.reduce((left, replay) => left - (replay[shard] ?? 0), records),
  )
  for (const [shard, records] of ofLast.entries()) {
    if (records < 0)
      return { kind: 'refuse', why: `shard ${shard} lacks ${-records} records of a finished replay` }
    const surplus = records - (wanted[shard] ?? 0)
    if (surplus > 0)
      return { kind: 'refuse', why: `shard ${shard} holds ${surplus} records that no replay announced` }
  }
  const complete = ofLast.every((records, shard) => records === wanted[shard])
  return complete ? { kind: 'nothing' } : { kind: 'finish', rows: last, stored: ofLast }
}
