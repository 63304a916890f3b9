import type { Stream } from '../../src/index.ts'
import type { Change } from './change.ts'
import { same } from './expectation.ts'
import { recent, type atOnce, type transitions } from './model-settings.ts'
import type { ModelShard, ModelStream } from './model-store.ts'
import { codeOf } from './outcome.ts'

const mebibyte = 1024 * 1024
const metrics = ['IncomingBytes', 'OutgoingBytes'] as const

/** What a change came to, in the store and in the model. */
type Durations = typeof transitions | typeof atOnce

/** Makes a change, and holds what the store says to it against the model. Answers whether it was taken. */
export async function checkChange(
  stream: Stream,
  model: ModelStream,
  change: Change,
  nowMs: number,
  durations: Durations,
): Promise<boolean> {
  const code = await codeOf(() => call(stream, change))
  const expected = take(model, change, nowMs, durations)
  same(change.set, code, expected)
  return code === undefined
}

async function call({ settings, consumers }: Stream, change: Change): Promise<unknown> {
  switch (change.set) {
    case 'register':
      return consumers.register(change.name, { tags: { tag: change.tag } })
    case 'deregister':
      return consumers.deregister(change.name)
    case 'tag':
      return settings.tag({ [change.key]: change.value })
    case 'untag':
      return settings.untag([change.key])
    case 'policy':
      return change.value === undefined ? settings.deletePolicy() : settings.setPolicy(change.value)
    case 'encryption':
      return change.value === undefined ? settings.stopEncryption() : settings.startEncryption(change.value)
    case 'monitoring':
      return change.on ? settings.enableMonitoring(metrics) : settings.disableMonitoring(['ALL'])
    case 'mode':
      return settings.setMode(change.mode)
    case 'maxRecordBytes':
      return settings.setMaxRecordBytes(change.mebibytes * mebibyte)
    default:
      return change satisfies never
  }
}

/** The code of the error that is due. */
function take(model: ModelStream, change: Change, nowMs: number, durations: Durations): string | undefined {
  const { settings } = model
  switch (change.set) {
    case 'register':
      return settings.register(change.name, change.tag, nowMs, durations)
    case 'deregister':
      return settings.deregister(change.name, nowMs, durations)
    case 'tag':
      settings.tags.set(change.key, change.value)
      return undefined
    case 'untag':
      settings.tags.delete(change.key)
      return undefined
    case 'policy':
      settings.policy = change.value
      return undefined
    case 'encryption':
      return settings.encrypt(change.value, nowMs, durations)
    case 'mode':
      return settings.switchMode(change.mode, nowMs, durations)
    default: {
      const refusal = settings.refusal(nowMs)
      if (refusal !== undefined) return refusal
      if (change.set === 'monitoring') settings.monitoring = change.on ? metrics : []
      else model.maxRecordBytes = change.mebibytes * mebibyte
      return undefined
    }
  }
}

/** Changes the number of open shards. Answers those that were opened; undefined where that was refused. */
export async function checkScale(
  stream: Stream,
  model: ModelStream,
  target: number,
  nowMs: number,
  { updatingMs }: Durations,
): Promise<readonly ModelShard[] | undefined> {
  const code = await codeOf(() => stream.updateShardCount(target))
  const { settings } = model
  const refusal = settings.refusalOfReshard(nowMs) ?? limitOf(model, target, nowMs)
  same('the change of the number of shards', code, refusal)
  if (refusal !== undefined) return undefined
  if (target === model.open.length) return []
  settings.scaledAtMs.push(nowMs)
  settings.updatingUntilMs = nowMs + updatingMs
  const before = model.shards.length
  if (model.open.length < target) splitAll(model, nowMs)
  while (model.open.length > target) mergePairs(model, model.open.length - target, nowMs)
  return model.shards.slice(before)
}

function limitOf(model: ModelStream, target: number, nowMs: number): string | undefined {
  const open = model.open.length
  const isBeyond = target > 2 * open || 2 * target < open || recent(model.settings.scaledAtMs, nowMs) >= 10
  return isBeyond ? 'ERR_MILLRACE_LIMIT_EXCEEDED' : undefined
}

function splitAll(model: ModelStream, nowMs: number): void {
  for (const shard of model.open) {
    const { start, end } = shard
    const at = (start + end + 1n) / 2n
    model.replace(
      [shard],
      [
        { start, end: at - 1n },
        { start: at, end },
      ],
      nowMs,
    )
  }
}

/** Pairs of neighbours with the fewest hash keys, of those the lowest; each shard in one of them. */
function mergePairs(model: ModelStream, most: number, nowMs: number): void {
  const { open } = model
  const pairs = open
    .slice(1)
    .map((upper, at) => [open[at] as ModelShard, upper] as const)
    .toSorted(([a, b], [c, d]) => {
      const [one, other] = [b.end - a.start, d.end - c.start]
      return one < other || (one === other && a.start < c.start) ? -1 : 1
    })
  const taken = new Set<ModelShard>()
  const chosen = pairs.filter(([lower, upper]) => {
    if (taken.size === 2 * most || taken.has(lower) || taken.has(upper)) return false
    taken.add(lower).add(upper)
    return true
  })
  for (const [lower, upper] of chosen.toSorted(([a], [b]) => (a.start < b.start ? -1 : 1)))
    model.replace([lower, upper], [{ start: lower.start, end: upper.end }], nowMs)
}
