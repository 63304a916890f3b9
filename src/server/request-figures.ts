import { LatencyHistogram } from './histogram.ts'

/** Operation and service of requests that are for none. */
export const noOperation = 'none'

/** Requests of one kind. */
export interface RequestKind {
  /** As the service's model has it, so that there are no more of them than of operations; or `none`. */
  readonly operation: string
  /** As its model calls it, such as `kinesis`; or `none`. */
  readonly service: string
  readonly status: number
  readonly protocol: '1.1' | '2'
  readonly latency: LatencyHistogram
}

/** Counts answered requests. Kinds are as many as operations, statuses and protocols, whatever clients send. */
export class RequestFigures {
  /** By service, operation, and status with protocol. */
  readonly #kinds: Map<string, Map<string, Map<number, RequestKind>>> = new Map()
  #bodyBytesIn = 0
  #bodyBytesOut = 0

  /** Bytes of requests' bodies. */
  get bodyBytesIn(): number {
    return this.#bodyBytesIn
  }

  /** Bytes of answers' bodies; those of streams are not counted. */
  get bodyBytesOut(): number {
    return this.#bodyBytesOut
  }

  get kinds(): readonly RequestKind[] {
    const operations = Array.from(this.#kinds.values(), (each) => Array.from(each.values())).flat()
    return operations.flatMap((kinds) => Array.from(kinds.values()))
  }

  answered(
    { operation, service }: Pick<RequestKind, 'operation' | 'service'>,
    status: number,
    protocol: '1.1' | '2',
    seconds: number,
    bytesIn: number,
    bytesOut: number,
  ): void {
    this.#bodyBytesIn += bytesIn
    this.#bodyBytesOut += bytesOut
    let operations = this.#kinds.get(service)
    if (operations === undefined) this.#kinds.set(service, (operations = new Map()))
    let kinds = operations.get(operation)
    if (kinds === undefined) operations.set(operation, (kinds = new Map()))
    const key = protocol === '2' ? -status : status
    let kind = kinds.get(key)
    if (kind === undefined) {
      kinds.set(key, (kind = { operation, service, status, protocol, latency: new LatencyHistogram() }))
    }
    kind.latency.add(seconds)
  }
}
