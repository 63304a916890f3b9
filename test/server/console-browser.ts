import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { open, type Store } from '../../src/index.ts'
import { type Server, startServer } from '../../src/server/server.ts'
import type { ServerOptions } from '../../src/server/server-options.ts'

/** Where distributions install it. */
export const program = '/usr/bin/chromium'
const pictures = fileURLToPath(new URL('../../.ci/artifacts/console/', import.meta.url))

/** Why these tests cannot run here; `undefined` if they can. */
export const noBrowser: string | undefined = existsSync(program) ? undefined : `there is no ${program}`

/** A real browser, without a window. */
export async function launch(): Promise<Browser> {
  mkdirSync(pictures, { recursive: true })
  return chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** A store, a server for it, and a page of a browser that looks at its console. */
export class Visit implements AsyncDisposable {
  readonly store: Store
  readonly page: Page
  server: Server
  /** What went wrong in the page, and what it asked of anybody but its server. */
  readonly complaints: string[] = []

  private constructor(store: Store, server: Server, page: Page) {
    this.store = store
    this.server = server
    this.page = page
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`))
    page.on('console', (message) => {
      // What a request was answered is told by the page itself.
      const ofNetwork = message.text().startsWith('Failed to load resource')
      if (message.type() === 'error' && !ofNetwork) this.complaints.push(`console: ${message.text()}`)
    })
    page.on('request', (request) => {
      const url = request.url()
      if (!url.startsWith(server.endpoint) && !url.startsWith('blob:'))
        this.complaints.push(`request: ${url}`)
    })
  }

  static async begin(browser: Browser, options: ServerOptions = {}): Promise<Visit> {
    const store = await open('memory:')
    const server = await startServer(store, { port: 0, ...options })
    const page = await browser.newPage({ viewport: { width: 1360, height: 900 }, reducedMotion: 'reduce' })
    page.setDefaultTimeout(15_000)
    return new Visit(store, server, page)
  }

  /** Opens a view: what stands behind the `#` of its address. */
  async go(view = '/'): Promise<void> {
    await this.page.goto(`${this.server.endpoint}/console/#${view}`)
    await this.page.locator('#state[data-state=live]').waitFor()
  }

  /** Opens a part of a stream of the store's own account. */
  async goTo(stream: string, part: string): Promise<void> {
    await this.go(`/streams/000000000000/us-east-1/${stream}/${part}`)
    await this.page.locator('.facts.line dt').first().waitFor()
  }

  /** Waits until a part of the page has this text. */
  async sees(selector: string, text: string | RegExp): Promise<void> {
    await this.page.locator(selector).filter({ hasText: text }).first().waitFor()
  }

  /** Keeps what is seen, for people. */
  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close()
    await this.server.close()
    await this.store.close()
  }
}
