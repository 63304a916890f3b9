import { button, el, refill, setText } from './element.js'
import { bytes, count, duration, moment, rate, shortShard } from './format.js'
import { RateChart } from './rate-chart.js'
import { RateHistory } from './rate-history.js'
import { neighbourOf, shareOf } from './shard-layout.js'
import { ShardTree } from './shard-tree.js'
import { askMerge, askSplit } from './stream-dialogs.js'

/** @typedef {import('./shard-layout.js').ShardView} ShardView */
/**
 * What a shard holds and takes, as the server sends it: index, records, bytes, records a second, bytes a
 * second, oldest and newest arrival, iterator age.
 *
 * @typedef {readonly [number, number, number, number, number, number | null, number | null, number | null]}
 *   ShardRow
 */

/** Lines of the chart of shards. */
const linesMax = 8
/** Between two choices of which shards have a line, milliseconds. */
const chooseMs = 5000
/** Rows of the table that are drawn at once. */
const rowsStep = 200
const columns = [
  'Shard',
  'State',
  'Hash keys',
  'Records/s',
  'Bytes/s',
  'Records',
  'Size',
  'Oldest',
  'Iterator age',
  'Parents',
]

/** The shards of a stream: their rates, their descent, and what each holds. */
export class ShardsView {
  #target
  #tailShard
  #totals = new RateChart('The stream, the last five minutes')
  #each = new RateChart('Its busiest shards, records a second')
  #tree = new ShardTree((shardId) => this.#pick(shardId))
  #details = el('div', { class: 'shard-details', 'aria-live': 'polite' })
  #body = el('tbody')
  #more = el(
    'button',
    { type: 'button', hidden: true, on: { click: () => this.#showMore() } },
    'Show more shards',
  )
  #rowsMax = rowsStep
  /** @type {readonly ShardView[]} */
  #shards = []
  /** @type {Map<number, ShardRow>} */
  #rows = new Map()
  /** @type {Map<string, readonly HTMLTableCellElement[]>} */
  #cells = new Map()
  #history = new RateHistory()
  /** @type {readonly number[]} */
  #charted = []
  #chosenAtMs = 0
  #picked = ''
  #provisioned = true

  /**
   * @param {import('./api.js').Target} target
   * @param {(shardId: string) => void} tailShard shows the records of a shard
   */
  constructor(target, tailShard) {
    this.#target = target
    this.#tailShard = tailShard
    const head = columns.map((name, at) =>
      el('th', { scope: 'col', class: at >= 2 && at <= 8 ? 'number' : '' }, name),
    )
    this.element = el(
      'div',
      {},
      el('div', { class: 'charts' }, this.#totals.element, this.#each.element),
      el('h2', {}, 'Descent'),
      this.#tree.element,
      this.#details,
      el('h2', {}, 'Shards'),
      el(
        'div',
        { class: 'table-frame' },
        el('table', {}, el('thead', {}, el('tr', {}, ...head)), this.#body),
      ),
      this.#more,
    )
  }

  destroy() {
    this.#totals.destroy()
    this.#each.destroy()
  }

  /** @param {{ readonly shards: readonly ShardView[], readonly mode: string }} stream */
  describe({ shards, mode }) {
    const same =
      JSON.stringify(shards) === JSON.stringify(this.#shards) &&
      this.#provisioned === (mode === 'PROVISIONED')
    if (same) return
    this.#shards = shards
    this.#provisioned = mode === 'PROVISIONED'
    this.#chosenAtMs = 0
    this.#tree.show(shards)
    this.#drawRows()
    const there = shards.some(({ shardId }) => shardId === this.#picked)
    this.#pick(
      there ? this.#picked : (shards.find(({ closedAtMs }) => closedAtMs === undefined)?.shardId ?? ''),
    )
  }

  /** @param {{ readonly atMs: number, readonly shards: readonly ShardRow[] }} sample */
  sample({ atMs, shards }) {
    for (const row of shards) this.#rows.set(row[0], row)
    const known = new Set(this.#shards.map(({ index }) => index))
    for (const index of this.#rows.keys()) if (!known.has(index)) this.#rows.delete(index)
    const rows = [...this.#rows.values()]
    const total = { records: 0, bytes: 0 }
    for (const [, , , records, size] of rows) {
      total.records += records
      total.bytes += size
    }
    if (atMs - this.#chosenAtMs >= chooseMs) this.#choose(rows, atMs)
    const parts = this.#charted.map((index) => /** @type {const} */ ([index, ratesOf(this.#rows.get(index))]))
    this.#history.add(atMs, total, parts)
    this.#totals.show([{ label: 'Records in' }, { label: 'Bytes in', unit: 'bytes' }], this.#history.totals())
    this.#each.show(
      this.#charted.map((index) => ({ label: `shard ${index}` })),
      this.#history.partsOf(this.#charted),
    )
    for (const { shardId, index } of this.#shards.slice(0, this.#rowsMax)) this.#fillRow(shardId, index, atMs)
  }

  /**
   * The busiest shards get a line in the chart, in the order of their numbers.
   *
   * @param {readonly ShardRow[]} rows
   * @param {number} atMs
   */
  #choose(rows, atMs) {
    this.#chosenAtMs = atMs
    const open = new Set(
      this.#shards.filter(({ closedAtMs }) => closedAtMs === undefined).map(({ index }) => index),
    )
    const busiest = rows
      .filter(([index, , , records]) => open.has(index) || records > 0)
      .toSorted((a, b) => b[3] - a[3] || a[0] - b[0])
      .slice(0, linesMax)
    this.#charted = busiest.map(([index]) => index).toSorted((a, b) => a - b)
  }

  #showMore() {
    this.#rowsMax += rowsStep
    this.#drawRows()
  }

  #drawRows() {
    this.#cells.clear()
    const shown = this.#shards.slice(0, this.#rowsMax)
    this.#more.hidden = shown.length === this.#shards.length
    refill(
      this.#body,
      ...shown.map((shard) => {
        const cells = columns.slice(1).map((_, at) => el('td', { class: at >= 1 && at <= 7 ? 'number' : '' }))
        this.#cells.set(shard.shardId, cells)
        const open = shard.closedAtMs === undefined
        cells[0]?.append(
          el('span', { class: 'badge', 'data-status': open ? 'OPEN' : 'CLOSED' }, open ? 'open' : 'closed'),
        )
        cells[1]?.append(`${(shareOf(shard) * 100).toFixed(2)} %`)
        const parents = [shard.parentShardId, shard.adjacentParentShardId].flatMap((id) =>
          id ? [shortShard(id)] : [],
        )
        cells[8]?.append(parents.join(', ') || '–')
        return el(
          'tr',
          { 'data-shard': shard.shardId },
          el(
            'th',
            { scope: 'row' },
            el(
              'button',
              { type: 'button', class: 'link', on: { click: () => this.#pick(shard.shardId) } },
              shard.shardId,
            ),
          ),
          ...cells,
        )
      }),
    )
  }

  /**
   * @param {string} shardId
   * @param {number} index
   * @param {number} nowMs
   */
  #fillRow(shardId, index, nowMs) {
    const cells = this.#cells.get(shardId)
    const row = this.#rows.get(index)
    if (cells === undefined || row === undefined) return
    const [, records, size, recordRate, byteRate, oldest, , age] = row
    const texts = [
      rate(recordRate),
      `${bytes(byteRate)}`,
      count(records),
      bytes(size),
      oldest === null ? '–' : duration(nowMs - oldest),
      age === null ? '–' : duration(age),
    ]
    for (const [at, text] of texts.entries()) {
      const cell = cells[at + 2]
      if (cell !== undefined) setText(cell, text)
    }
  }

  /** @param {string} shardId */
  #pick(shardId) {
    this.#picked = shardId
    this.#tree.pick(shardId)
    for (const row of this.#body.children) {
      row.classList.toggle('picked', row instanceof HTMLElement && row.dataset['shard'] === shardId)
    }
    const shard = this.#shards.find((each) => each.shardId === shardId)
    refill(this.#details, ...(shard === undefined ? [] : this.#detailsOf(shard)))
  }

  /** @param {ShardView} shard */
  #detailsOf(shard) {
    const open = shard.closedAtMs === undefined
    const facts = [
      ['Hash keys', `${shard.startingHashKey} – ${shard.endingHashKey}`],
      ['Created', moment(shard.createdAtMs)],
      open ? undefined : ['Closed', moment(shard.closedAtMs ?? 0)],
      shard.adjacentParentShardId
        ? ['Merged from', `${shard.parentShardId} and ${shard.adjacentParentShardId}`]
        : shard.parentShardId && ['Split from', shard.parentShardId],
    ]
    const changes = open && this.#provisioned
    return [
      el('h3', {}, shard.shardId),
      el('dl', {}, ...facts.flatMap((fact) => (fact ? [el('dt', {}, fact[0]), el('dd', {}, fact[1])] : []))),
      el(
        'div',
        { class: 'buttons' },
        button('Show its records', () => this.#tailShard(shard.shardId)),
        changes && button('Split…', () => askSplit(this.#target, shard)),
        changes &&
          neighbourOf(shard, this.#shards) !== undefined &&
          button('Merge with the next…', () => askMerge(this.#target, shard, this.#shards)),
        open && !this.#provisioned && el('small', {}, 'On demand: its shards follow its load.'),
      ),
    ]
  }
}

/** @param {ShardRow | undefined} row */
function ratesOf(row) {
  return { records: row?.[3] ?? 0, bytes: row?.[4] ?? 0 }
}
