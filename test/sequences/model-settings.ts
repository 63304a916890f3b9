/** What is set of a stream, and its consumers, as the documents say it: plain values, and the times that count. */

const dayMs = 86_400_000

/** How long changes take in a store whose changes take time; milliseconds. */
export const transitions = { updatingMs: 900, consumerCreatingMs: 1_500, consumerDeletingMs: 700 }

type Durations = typeof transitions
export const atOnce: Durations = { updatingMs: 0, consumerCreatingMs: 0, consumerDeletingMs: 0 }

interface ModelConsumer {
  readonly name: string
  readonly createdAtSeconds: number
  readonly creatingUntilMs: number
  deletingUntilMs: number | undefined
  readonly tag: string
}

export class ModelSettings {
  mode: 'PROVISIONED' | 'ON_DEMAND' = 'PROVISIONED'
  kmsKeyId: string | undefined
  policy: string | undefined
  monitoring: readonly string[] = []
  readonly tags: Map<string, string> = new Map()
  updatingUntilMs = 0
  /** Changes of the number of shards, and of the mode, by time. */
  readonly scaledAtMs: number[] = []
  readonly switchedAtMs: number[] = []
  /** All there ever were. */
  readonly #consumers: ModelConsumer[] = []

  /** What a change other than one of tags and policies is refused with. */
  refusal(nowMs: number): string | undefined {
    return nowMs < this.updatingUntilMs ? 'ERR_MILLRACE_STREAM_NOT_ACTIVE' : undefined
  }

  /** The same of splits, merges and numbers of shards. */
  refusalOfReshard(nowMs: number): string | undefined {
    return this.mode === 'ON_DEMAND' ? 'ERR_MILLRACE_UNSUPPORTED' : this.refusal(nowMs)
  }

  consumers(nowMs: number): readonly ModelConsumer[] {
    return this.#consumers
      .filter(({ deletingUntilMs = Number.POSITIVE_INFINITY }) => nowMs < deletingUntilMs)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  register(name: string, tag: string, nowMs: number, { consumerCreatingMs }: Durations): string | undefined {
    const refusal = this.refusal(nowMs)
    if (refusal !== undefined) return refusal
    const there = this.consumers(nowMs)
    if (there.some((one) => one.name === name)) return 'ERR_MILLRACE_CONSUMER_EXISTS'
    const creating = there.filter((one) => statusOf(one, nowMs) === 'CREATING').length
    if (there.length >= 20 || creating >= 5) return 'ERR_MILLRACE_LIMIT_EXCEEDED'
    const gone = this.#consumers.filter((one) => !there.includes(one))
    const createdAtSeconds = Math.max(
      Math.floor(nowMs / 1000),
      ...gone.map((one) => one.createdAtSeconds + 1),
    )
    const creatingUntilMs = nowMs + consumerCreatingMs
    this.#consumers.push({ name, createdAtSeconds, creatingUntilMs, deletingUntilMs: undefined, tag })
    return undefined
  }

  deregister(name: string, nowMs: number, { consumerDeletingMs }: Durations): string | undefined {
    const consumer = this.consumers(nowMs).find((one) => one.name === name)
    if (consumer === undefined) return 'ERR_MILLRACE_CONSUMER_NOT_FOUND'
    consumer.deletingUntilMs ??= nowMs + consumerDeletingMs
    return undefined
  }

  switchMode(mode: ModelSettings['mode'], nowMs: number, { updatingMs }: Durations): string | undefined {
    const refusal = this.refusal(nowMs)
    if (refusal !== undefined || mode === this.mode) return refusal
    if (recent(this.switchedAtMs, nowMs) >= 2) return 'ERR_MILLRACE_LIMIT_EXCEEDED'
    this.switchedAtMs.push(nowMs)
    this.mode = mode
    this.updatingUntilMs = nowMs + updatingMs
    return undefined
  }

  encrypt(kmsKeyId: string | undefined, nowMs: number, { updatingMs }: Durations): string | undefined {
    const refusal = this.refusal(nowMs)
    if (refusal !== undefined || kmsKeyId === this.kmsKeyId) return refusal
    this.kmsKeyId = kmsKeyId
    this.updatingUntilMs = nowMs + updatingMs
    return undefined
  }

  /** As a store shows it. */
  shown(nowMs: number): readonly unknown[] {
    return [
      nowMs < this.updatingUntilMs ? 'UPDATING' : 'ACTIVE',
      this.mode,
      this.kmsKeyId ?? '',
      this.policy ?? '',
      this.monitoring.join(),
      [...this.tags].toSorted(([a], [b]) => (a < b ? -1 : 1)).join(),
      ...this.consumers(nowMs).map((one) =>
        [one.name, one.createdAtSeconds, statusOf(one, nowMs), one.tag].join(),
      ),
    ]
  }
}

function statusOf({ creatingUntilMs, deletingUntilMs }: ModelConsumer, nowMs: number): string {
  if (deletingUntilMs !== undefined) return 'DELETING'
  return nowMs < creatingUntilMs ? 'CREATING' : 'ACTIVE'
}

/** How many of these were within a day. */
export function recent(timesMs: readonly number[], nowMs: number): number {
  return timesMs.filter((timeMs) => timeMs > nowMs - dayMs).length
}
