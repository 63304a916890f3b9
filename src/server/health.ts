import { type HttpAnswer, textAnswer } from './http-exchange.ts'
import type { Route } from './router.ts'

/** `/healthz`: the process answers. `/readyz`: it takes requests; 503 once it ends or its store cannot be used. */
export function healthRoute(ready: () => string | undefined): Route {
  return {
    takes: (path) => path === '/healthz' || path === '/readyz',
    answer({ method, path }): HttpAnswer {
      if (method !== 'GET' && method !== 'HEAD') return textAnswer(405, 'GET only\n', { allow: 'GET, HEAD' })
      const why = path === '/readyz' ? ready() : undefined
      return why === undefined ? textAnswer(200, 'ok\n') : textAnswer(503, `${why}\n`)
    },
  }
}
