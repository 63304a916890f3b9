import { chromium } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { startServer } from '../../src/server/server.ts'
import { noBrowser, program } from './console-browser.ts'
import { pathOf } from './console-rig.ts'

const secretAccessKey = 'secretsecretsecret'
const credentials = [
  { accessKeyId: 'admin', secretAccessKey, policy: [{ allow: 'admin', streams: '*' }] },
  { accessKeyId: 'reader', secretAccessKey, policy: [{ allow: 'read', streams: 'clicks' }] },
  {
    accessKeyId: 'other',
    secretAccessKey,
    account: '123456789012',
    policy: [{ allow: 'admin', streams: '*' }],
  },
] as const

const basic = (user: string, password: string = secretAccessKey): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  'x-millrace-console': '1',
  'content-type': 'application/json',
})

describe('a console with credentials', () => {
  it.each(['/console', '/console/', '/console/main.js', '/console/api/events', '/console/api/session'])(
    'asks for one at %s',
    async (path) => {
      await using store = await open('memory:')
      await using server = await startServer(store, { port: 0, credentials })
      const attempts = [{}, basic('admin', 'wrongwrongwrongwrong'), basic('nobody')]
      for (const headers of attempts) {
        const answer = await fetch(server.endpoint + path, { headers, redirect: 'manual' })
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
          401,
          expect.stringMatching(/^Basic/),
        ])
        expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'")
      }
    },
  )

  it('does what the policy allows', async () => {
    await using store = await open('memory:')
    const clicks = await store.createStream('clicks')
    await using server = await startServer(store, { port: 0, credentials })
    const put = async (user: string): Promise<number> => {
      const body = JSON.stringify({ partitionKey: 'k', data: 'x' })
      const answer = await fetch(server.endpoint + pathOf('clicks', 'put'), {
        method: 'POST',
        headers: basic(user),
        body,
      })
      return answer.status
    }
    expect([await put('reader'), await put('other'), await put('admin')]).toEqual([403, 403, 200])
    expect((await clicks.stats()).recordsMax).toBe(1)
  })

  it.skipIf(noBrowser !== undefined)(
    `lets a browser in that has one ${noBrowser ?? ''}`,
    async () => {
      await using store = await open('memory:')
      await store.createStream('clicks')
      await store.createStream('secrets')
      await using server = await startServer(store, { port: 0, credentials })
      const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] })
      try {
        const page = await browser.newPage({
          httpCredentials: { username: 'reader', password: secretAccessKey },
        })
        await page.goto(`${server.endpoint}/console/`)
        await page.locator('tr[data-stream=clicks]').waitFor()
        expect(await page.locator('.streams tbody tr').count()).toBe(1)
        await page.locator('tr[data-stream=clicks] a').click()
        await page.getByRole('button', { name: 'Put record' }).click()
        await page.locator('dialog input[name=key]').fill('k')
        await page.getByRole('button', { name: 'Put', exact: true }).click()
        await page.locator('dialog .wrong', { hasText: 'may not put records into clicks' }).waitFor()
      } finally {
        await browser.close()
      }
    },
    60_000,
  )
})
