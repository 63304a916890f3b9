import { type HttpAnswer, type HttpRequest, textAnswer } from './http-exchange.ts'
import type { MetricsPage, MetricsSources } from './metrics-page.ts'
import type { Route } from './router.ts'

/** Turns away who may not see the figures; `undefined` for who may. */
export type MetricsGuard = (request: HttpRequest) => HttpAnswer | undefined

/** Loads what makes the page. */
export type MetricsLoader = () => Promise<{
  readonly MetricsPage: new (sources: MetricsSources) => MetricsPage
}>

const loadPage: MetricsLoader = () => import('./metrics-page.ts')

/**
 * `/metrics`: what the server has counted, in Prometheus' text format. Nothing of it is loaded, and nothing but counters
 * runs, before somebody asks for the first time.
 */
export function metricsRoute(
  sources: MetricsSources,
  guard: MetricsGuard,
  load: MetricsLoader = loadPage,
): Route & { close(): void } {
  let page: Promise<MetricsPage> | undefined
  const make = async (): Promise<MetricsPage> => {
    try {
      return new (await load()).MetricsPage(sources)
    } catch (error) {
      // Whoever asks next may find what was short then.
      page = undefined
      throw error
    }
  }
  return {
    takes: (path) => path === '/metrics',
    async answer(request): Promise<HttpAnswer> {
      const { method } = request
      if (method !== 'GET' && method !== 'HEAD') return textAnswer(405, 'GET only\n', { allow: 'GET, HEAD' })
      const refusal = guard(request)
      if (refusal !== undefined) return refusal
      page ??= make()
      const { contentType, text } = await (await page).show()
      return { status: 200, headers: { 'content-type': contentType }, body: text }
    },
    // A page that was never made has nothing to close.
    close: () => void page?.then((made) => made.close()).catch(() => undefined),
  }
}
