import { ApiError, ask } from './api.js'

/** @typedef {'connecting' | 'live' | 'lost' | 'failed' | 'ended'} FeedState */
/**
 * @typedef {object} FeedOptions
 * @property {(name: string, data: any) => void} onEvent
 * @property {(state: FeedState, why: string) => void} onState
 * @property {boolean} [again] connects again by itself, and lets go while nobody sees the page
 */

/** Until it connects again, milliseconds. */
const againMs = 1000

/**
 * Events from the server, as they come. They are read from a response and not by `EventSource`: what is not
 * read is held back at the server, so that a feed that is held costs no memory anywhere and loses nothing.
 */
export class EventFeed {
  #path
  #options
  /** @type {AbortController | undefined} */
  #connection
  #stopped = false
  /** @type {Promise<void> | undefined} */
  #held
  /** @type {(() => void) | undefined} */
  #release
  #onVisibility = () => this.#look()

  /**
   * @param {string} path below the root of the API
   * @param {FeedOptions} options
   */
  constructor(path, options) {
    this.#path = path
    this.#options = options
    if (options.again) document.addEventListener('visibilitychange', this.#onVisibility)
    this.#look()
  }

  /** Ends it for good. */
  stop() {
    this.#stopped = true
    document.removeEventListener('visibilitychange', this.#onVisibility)
    this.#connection?.abort()
    this.release()
  }

  /** Reads no further, until `release`. */
  hold() {
    this.#held ??= new Promise((resolve) => {
      this.#release = resolve
    })
  }

  release() {
    this.#release?.()
    this.#held = undefined
  }

  #look() {
    if (this.#stopped) return
    if (this.#options.again && document.hidden) {
      this.#connection?.abort()
      this.#connection = undefined
    } else if (this.#connection === undefined) {
      void this.#run()
    }
  }

  async #run() {
    const connection = new AbortController()
    this.#connection = connection
    const { onState, again } = this.#options
    while (!connection.signal.aborted) {
      onState('connecting', '')
      try {
        const response = await ask(this.#path, connection.signal)
        onState('live', '')
        await this.#read(response, connection.signal)
        if (!again && !connection.signal.aborted) onState('ended', '')
      } catch (error) {
        if (connection.signal.aborted) return
        const refused = error instanceof ApiError
        onState(refused ? 'failed' : 'lost', refused ? error.message : 'the server does not answer')
        if (refused && error.code !== 'VIEWS') return
      }
      if (!again) return
      await new Promise((resolve) => setTimeout(resolve, againMs))
    }
  }

  /**
   * @param {Response} response
   * @param {AbortSignal} signal
   */
  async #read(response, signal) {
    if (response.body === null) return
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      while (this.#held !== undefined) await this.#held
      if (done || signal.aborted) return
      text += value
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        this.#deliver(text.slice(0, end))
        text = text.slice(end + 2)
      }
    }
  }

  /** @param {string} block lines of one event */
  #deliver(block) {
    const found = /^event: ([a-z]+)\ndata: (.*)$/.exec(block)
    if (found !== null && !this.#stopped) this.#options.onEvent(found[1] ?? '', JSON.parse(found[2] ?? ''))
  }
}
