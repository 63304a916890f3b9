import { type Clock, systemClock } from '../clock.ts'
import type { Store } from '../streams/store.ts'
import {
  type ConsoleCaller,
  type ConsoleDoor,
  foreignRequest,
  openDoor,
  visitorOf,
} from './console-access.ts'
import { ConsoleApi } from './console-api.ts'
import { type ConsoleAsset, consoleAssets } from './console-assets.ts'
import { untilExpiry } from './credential-end.ts'
import { type HttpAnswer, type HttpRequest, textAnswer } from './http-exchange.ts'
import type { Route } from './router.ts'

/**
 * What every answer of the console carries. Its page runs its own scripts and nothing else, is in nobody's frame, and makes
 * no text into markup: whatever a record holds stays text.
 */
const protection: HttpAnswer['headers'] = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; " +
    "require-trusted-types-for 'script'; trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/**
 * The console: a page at `/console/`, and below `/console/api` what it asks for.
 *
 * @param door that every request passes, also those for the page itself
 * @param clock that tells when a credential ends: the system's, not the store's
 */
export function consoleRoute(
  store: Store,
  door: ConsoleDoor = openDoor,
  clock: Clock = systemClock,
): Route & { readonly eventStreams: number } {
  const api = new ConsoleApi(store, protection)
  let assets: ReadonlyMap<string, ConsoleAsset> | undefined
  return {
    /** Streams of events that pages get. */
    get eventStreams() {
      return api.eventStreams
    },
    takes: (path) => path === '/console' || path.startsWith('/console/'),
    answer(request, signal): HttpAnswer | Promise<HttpAnswer> {
      const { path } = request
      const caller = door(request)
      if (isRefusal(caller)) return { ...caller, headers: { ...protection, ...caller.headers } }
      if (path.startsWith('/console/api/')) {
        const foreign = foreignRequest(request)
        if (foreign !== undefined) return guarded(403, `${foreign}\n`)
        const visitor = visitorOf(caller, store.account.account)
        const asked = path.slice('/console/api'.length)
        return untilExpiry(caller?.expiresAtMs ?? Infinity, signal, clock, (ends) =>
          api.answer(request, asked, visitor, ends),
        )
      }
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return guarded(405, 'GET only\n', { allow: 'GET, HEAD' })
      }
      if (path === '/console') return guarded(308, '', { location: '/console/' })
      assets ??= consoleAssets()
      return assetAnswer(request, assets.get(path.slice('/console/'.length) || 'index.html'))
    },
  }
}

function assetAnswer({ headers }: HttpRequest, asset: ConsoleAsset | undefined): HttpAnswer {
  if (asset === undefined) return guarded(404, 'there is nothing here\n')
  const { contentType, etag, bytes } = asset
  const caching = { ...protection, etag, 'cache-control': 'no-cache' }
  const known = (headers['if-none-match'] ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''))
  // Of a 304 and of what answers HEAD only the length is sent.
  if (known.includes(etag)) return { status: 304, headers: caching, body: bytes }
  return { status: 200, headers: { ...caching, 'content-type': contentType }, body: bytes }
}

function guarded(status: number, text: string, headers: HttpAnswer['headers'] = {}): HttpAnswer {
  return textAnswer(status, text, { ...protection, 'cache-control': 'no-store', ...headers })
}

function isRefusal(caller: ConsoleCaller | HttpAnswer | undefined): caller is HttpAnswer {
  return caller !== undefined && 'status' in caller
}
