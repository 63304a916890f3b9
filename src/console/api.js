/** What the page asks its server. Every request carries a header that no page of another origin can send. */

/** @typedef {{ readonly account: string, readonly region: string, readonly name: string }} Target */

const root = '/console/api'
const marks = { 'x-millrace-console': '1' }

/** What the server refused, in its words. */
export class ApiError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message)
    this.name = 'ApiError'
    this.code = code
  }
}

/**
 * A GET whose answer is a stream, or bytes, or JSON.
 *
 * @param {string} path below the root of the API
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
export async function ask(path, signal) {
  const response = await fetch(root + path, { headers: marks, signal: signal ?? null })
  if (!response.ok) throw await errorOf(response)
  return response
}

/**
 * Does something to a stream.
 *
 * @param {Target} target
 * @param {string} action
 * @param {Readonly<Record<string, unknown>>} body
 * @returns {Promise<any>} what it led to
 */
export async function act(target, action, body) {
  const response = await fetch(`${root}${pathOf(target)}/${action}`, {
    method: 'POST',
    headers: { ...marks, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw await errorOf(response)
  return response.json()
}

/** @param {Target} target */
export function pathOf({ account, region, name }) {
  return `/streams/${account}/${region}/${encodeURIComponent(name)}`
}

/**
 * @param {Response} response
 * @returns {Promise<ApiError>}
 */
async function errorOf(response) {
  const text = await response.text()
  try {
    const { code, message } = JSON.parse(text)
    return new ApiError(String(code), String(message))
  } catch {
    return new ApiError(`HTTP ${response.status}`, text.trim() || `the server answered ${response.status}`)
  }
}
