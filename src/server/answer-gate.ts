import type { Waiting } from '../aws/wire/waiting.ts'
import type { AnswerBudget } from './answer-budget.ts'
import { type HttpAnswer, type HttpHandler, type HttpRequest, textAnswer } from './http-exchange.ts'

/** What may be answered at length: records, and lists of ten thousand shards. */
const longOperations: ReadonlySet<string> = new Set(['GetRecords', 'ListShards', 'DescribeStream'])

/** Has requests whose answers may be long wait while too much of others' answers is not taken yet. */
export class AnswerGate implements HttpHandler {
  readonly #inner: HttpHandler
  readonly #budget: AnswerBudget

  constructor(inner: HttpHandler, budget: AnswerBudget) {
    this.#inner = inner
    this.#budget = budget
  }

  get bodyBytesMax(): number {
    return this.#inner.bodyBytesMax
  }

  answer(request: HttpRequest, waiting: Waiting): Promise<HttpAnswer> {
    return mayBeLong(request) ? this.#long(request, waiting) : this.#inner.answer(request, waiting)
  }

  async #long(request: HttpRequest, waiting: Waiting): Promise<HttpAnswer> {
    const answer = await this.#budget.make(waiting.signal, () => this.#inner.answer(request, waiting))
    return answer ?? textAnswer(503, 'nobody waited for this\n')
  }
}

function mayBeLong({ path, headers }: HttpRequest): boolean {
  const target = headers['x-amz-target']
  if (target !== undefined) return longOperations.has(target.slice(target.lastIndexOf('.') + 1))
  return (
    path !== '/' && (longOperations.has(path.slice(path.lastIndexOf('/') + 1)) || /\/record\/\d+$/.test(path))
  )
}
