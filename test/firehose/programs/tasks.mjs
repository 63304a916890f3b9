import { threadId } from 'node:worker_threads'

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
