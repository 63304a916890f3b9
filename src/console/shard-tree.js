import { el, refill, svg } from './element.js'
import { shortShard } from './format.js'
import { layOut, shareOf } from './shard-layout.js'

/** @typedef {import('./shard-layout.js').ShardView} ShardView */
/** @typedef {import('./shard-layout.js').PlacedShard} PlacedShard */

const width = 1200
const rowHeight = 46
const rowGap = 22
const scaleHeight = 22
/** Shards that a picture can show; the table has them all. */
const drawnMax = 600

/**
 * The shards as a picture: across the hash keys, from top to bottom splits and merges. One stop of the Tab
 * key; arrows go to neighbours, parents and children.
 */
export class ShardTree {
  #onPick
  #drawing = svg('svg', {
    class: 'shard-tree',
    role: 'listbox',
    'aria-label': 'Shards by hash keys and descent; arrow keys move',
    tabindex: 0,
    on: { keydown: (event) => this.#key(event) },
  })
  #tooMany = el('p', { class: 'empty', hidden: true }, 'Too many shards for a picture; the table lists them.')
  /** @type {readonly PlacedShard[]} */
  #placed = []
  /** @type {Map<string, SVGGElement>} */
  #groups = new Map()
  #picked = ''

  /** @param {(shardId: string) => void} onPick */
  constructor(onPick) {
    this.#onPick = onPick
    this.element = el('div', { class: 'tree-frame' }, this.#drawing, this.#tooMany)
  }

  /** @param {readonly ShardView[]} shards */
  show(shards) {
    const many = shards.length > drawnMax
    this.#tooMany.hidden = !many
    this.#drawing.toggleAttribute('hidden', many)
    this.#groups.clear()
    if (many) {
      refill(this.#drawing)
      return
    }
    const { placed, rows } = layOut(shards)
    this.#placed = placed
    const height = scaleHeight + rows * rowHeight + (rows - 1) * rowGap + 2
    this.#drawing.setAttribute('viewBox', `0 0 ${width} ${height}`)
    const byId = new Map(placed.map((one) => [one.shard.shardId, one]))
    const links = placed.flatMap((child) =>
      child.parents.flatMap((parent) => {
        const from = byId.get(parent)
        return from === undefined ? [] : [linkOf(from, child)]
      }),
    )
    refill(this.#drawing, scale(height), ...links, ...placed.map((one) => this.#boxOf(one)))
    this.pick(this.#picked)
  }

  /** @param {string} shardId of the shard that is shown as picked */
  pick(shardId) {
    this.#picked = shardId
    for (const [id, group] of this.#groups) {
      group.setAttribute('aria-selected', String(id === shardId))
      if (id === shardId) this.#drawing.setAttribute('aria-activedescendant', group.id)
    }
  }

  /** @param {PlacedShard} placed */
  #boxOf({ shard, left, right, row, rowEnd, open }) {
    const x = left * width + 1
    const wide = Math.max(1, (right - left) * width - 2)
    const y = topOf(row)
    const tall = (rowEnd - row) * (rowHeight + rowGap) + rowHeight
    const share = `${(shareOf(shard) * 100).toFixed(shareOf(shard) < 0.1 ? 1 : 0)} %`
    const name = shortShard(shard.shardId)
    const state = open ? 'open' : 'closed'
    const group = svg(
      'g',
      {
        id: `tree-${shard.shardId}`,
        class: `shard ${state}`,
        role: 'option',
        'aria-label': `${shard.shardId}, ${state}, ${share} of the hash keys`,
        'data-shard': shard.shardId,
        on: { click: () => this.#onPick(shard.shardId) },
      },
      svg('title', {}, `${shard.shardId}, ${state}\n${shard.startingHashKey}\n${shard.endingHashKey}`),
      svg('rect', { x, y, width: wide, height: tall, rx: 4 }),
      wide > 54 && svg('text', { x: x + 9, y: y + 19, class: 'name' }, wide > 70 ? name : name.slice(6)),
      wide > 70 &&
        svg('text', { x: x + 9, y: y + 35, class: 'share' }, wide > 110 ? `${share}, ${state}` : share),
    )
    this.#groups.set(shard.shardId, group)
    return group
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const now = this.#placed.find(({ shard }) => shard.shardId === this.#picked)
    const next = now === undefined ? this.#placed.findLast(({ open }) => open) : this.#beside(now, event.key)
    if (!event.key.startsWith('Arrow') || next === undefined) return
    event.preventDefault()
    this.#onPick(next.shard.shardId)
  }

  /**
   * @param {PlacedShard} now
   * @param {string} key
   * @returns {PlacedShard | undefined}
   */
  #beside(now, key) {
    const level = this.#placed.filter(({ row, rowEnd }) => row <= now.rowEnd && rowEnd >= now.row)
    if (key === 'ArrowLeft') return level.findLast(({ right }) => right <= now.left)
    if (key === 'ArrowRight') {
      const beyond = level.filter(({ left }) => left >= now.right)
      return beyond.toSorted((a, b) => a.left - b.left)[0]
    }
    if (key === 'ArrowUp') return this.#placed.find(({ shard }) => shard.shardId === now.parents[0])
    return this.#placed.find(({ parents }) => parents.includes(now.shard.shardId))
  }
}

/** @param {number} row */
function topOf(row) {
  return scaleHeight + row * (rowHeight + rowGap)
}

/**
 * From the bottom of a parent to the top of its child.
 *
 * @param {PlacedShard} from
 * @param {PlacedShard} to
 */
function linkOf(from, to) {
  const centre = ((Math.max(from.left, to.left) + Math.min(from.right, to.right)) / 2) * width
  const start = topOf(from.rowEnd) + rowHeight
  const end = topOf(to.row)
  const startAt = (((from.left + from.right) / 2) * width + centre) / 2
  const endAt = (((to.left + to.right) / 2) * width + centre) / 2
  const middle = (start + end) / 2
  return svg('path', {
    class: 'link',
    d: `M${startAt},${start} C${startAt},${middle} ${endAt},${middle} ${endAt},${end}`,
  })
}

/**
 * The hash keys, in sixteenths of 2^128.
 *
 * @param {number} height
 */
function scale(height) {
  const marks = [0, 0.25, 0.5, 0.75, 1].map((at) => {
    const anchor = at === 0 ? 'start' : at === 1 ? 'end' : 'middle'
    const label =
      at === 0
        ? '0'
        : at === 1
          ? '2¹²⁸'
          : `${at * 4}⁄4`.replace('2⁄4', '½').replace('1⁄4', '¼').replace('3⁄4', '¾')
    return svg('text', { x: at * width, y: 13, 'text-anchor': anchor, class: 'mark' }, label)
  })
  const lines = [0.25, 0.5, 0.75].map((at) =>
    svg('line', { x1: at * width, x2: at * width, y1: scaleHeight - 4, y2: height, class: 'grid' }),
  )
  return svg('g', { 'aria-hidden': 'true' }, ...marks, ...lines)
}
