import type { Waiting } from '../aws/wire/waiting.ts'
import { type HttpAnswer, type HttpHandler, type HttpRequest, textAnswer } from './http-exchange.ts'

/** One thing that the server answers beside the services. */
export interface Route {
  /** Whether it answers this path. */
  takes(path: string): boolean
  answer(request: HttpRequest, signal: AbortSignal): HttpAnswer | Promise<HttpAnswer>
}

/** Gives each request to whoever answers its path, and all others to the services of AWS. */
export class Router implements HttpHandler {
  readonly #services: HttpHandler
  readonly #routes: readonly Route[]

  constructor(services: HttpHandler, routes: readonly Route[]) {
    this.#services = services
    this.#routes = routes
  }

  get bodyBytesMax(): number {
    return this.#services.bodyBytesMax
  }

  answer(request: HttpRequest, waiting: Waiting): Promise<HttpAnswer> {
    // AWS's clients know one path; nobody else's request need be looked at.
    return request.path === '/' ? this.#services.answer(request, waiting) : this.#other(request, waiting)
  }

  async #other(request: HttpRequest, waiting: Waiting): Promise<HttpAnswer> {
    try {
      const route = this.#routes.find(({ takes }) => takes(request.path))
      if (route !== undefined) return await route.answer(request, waiting.signal)
      return await this.#services.answer(request, waiting)
    } catch {
      return textAnswer(500, 'internal failure\n')
    }
  }
}
