import { threadId } from 'node:worker_threads'

/** What nobody expects to be thrown. */
const odd = {
  undefined: () => undefined,
  null: () => null,
  text: () => 'just text',
  symbol: () => Symbol('odd'),
  bigint: () => 7n,
  bare: () => Object.create(null),
  getter: () => ({
    get message() {
      throw new Error('hostile')
    },
  }),
  proxy: () =>
    new Proxy(
      {},
      {
        get() {
          throw new Error('hostile')
        },
        getPrototypeOf() {
          throw new Error('hostile')
        },
      },
    ),
  frozen: () => Object.freeze(new Error('frozen')),
}

// The work of a helper thread in tests: what the request says.
export async function work(request, progress) {
  switch (request.task) {
    case 'double': {
      const bytes = new Uint8Array(request.bytes)
      return { answer: bytes.map((each) => each * 2).buffer, transfer: [] }
    }
    case 'hand back':
      return { answer: request.bytes, transfer: [request.bytes] }
    case 'throw':
      progress(2)
      throw new TypeError('not my day')
    case 'throw odd':
      throw odd[request.kind]()
    case 'crash':
      setImmediate(() => {
        throw odd[request.kind]()
      })
      return new Promise(() => {})
    case 'loop':
      progress(7)
      for (;;);
    case 'spin': {
      const until = performance.now() + request.ms
      while (performance.now() < until);
      return { answer: 'spun' }
    }
    case 'allocate': {
      const kept = []
      for (;;) kept.push(Array.from({ length: 1000 }, (_, index) => ({ index })))
    }
    case 'exit':
      return process.exit(3)
    case 'thread':
      return { answer: threadId }
    case 'environment':
      return { answer: { ...process.env } }
    default:
      return { answer: request }
  }
}
