import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { firehose } from '../../src/firehose/index.ts'
import { startServer } from '../../src/server/server.ts'
import { insideOf } from '../../src/streams/store.ts'
import { launch, noBrowser, Visit } from './console-browser.ts'

const shardId = 'shardId-000000000000'
const half = String(2n ** 127n)

/** What makes a page believe that nobody sees it, or that somebody does. */
const hiding = (hidden: boolean): string => `
  Object.defineProperty(document, 'hidden', { get: () => ${hidden}, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))`

// Half a minute.
const leftOut = process.env['MILLRACE_CONSOLE'] === 'all' ? noBrowser : '(npm run test:console)'

describe.skipIf(leftOut !== undefined)(`the console in Chromium ${leftOut ?? ''}`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  }, 60_000)
  afterAll(() => browser.close())

  it('lists streams, and what arrives is seen within moments', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    const clicks = await store.createStream('clicks', { shards: 2, retentionHours: 48 })
    await store
      .within({ account: '123456789012', region: 'eu-west-1' })
      .createStream('orders', { mode: 'ON_DEMAND' })
    await visit.go()
    await visit.sees('tr[data-stream=clicks]', /provisioned.*2 d/s)
    await visit.sees('tr[data-stream=orders]', /123456789012 · eu-west-1.*on demand/s)
    const startedAt = performance.now()
    clicks.append('k', Buffer.from('x'))
    await visit.sees('tr[data-stream=clicks] td[data-column=Records]', /^1$/)
    expect(performance.now() - startedAt).toBeLessThan(3000)
    await store.createStream('a-new-one')
    await visit.sees('tr[data-stream=a-new-one]', 'active')
    await page.locator('#filter').fill('order')
    await visit.sees('.summary', '3 streams, 1 shown')
    expect(await page.locator('.streams tbody tr').count()).toBe(1)
    await page.locator('#filter').fill('')
    await visit.picture('streams')
    expect(visit.complaints).toEqual([])
  })

  it('lists delivery streams, and what they deliver and lack', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-console-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const receivers = {
      picky: () => {
        throw new Error('<b>no</b> room')
      },
    }
    await using visit = await Visit.begin(browser, { firehose: { buckets: folder, receivers } })
    const streams = firehose(visit.store)
    await visit.go()
    expect(await visit.page.locator('.deliveries').isVisible()).toBe(false)
    const clicks = await streams.createDeliveryStream('clicks', {
      destination: { kind: 'folder', bucket: 'records' },
    })
    const failing = await streams.createDeliveryStream('failing', {
      destination: { kind: 'function', name: 'picky' },
      buffering: { ms: 0 },
    })
    await visit.sees('tr[data-delivery=clicks]', /active.*Direct PUT.*arn:aws:s3:::records/is)
    await clicks.put(Buffer.from('12345'))
    await visit.sees('tr[data-delivery=clicks] td[data-column=Waiting]', '1 (5 B)')
    await visit.sees('tr[data-delivery=clicks] td[data-column=Freshness]', /^\d+ (ms|s)$/)
    await failing.put(Buffer.from('x'))
    await visit.sees("tr[data-delivery=failing] td[data-column='Last error']", '<b>no</b> room')
    await clicks.flush()
    await visit.sees("tr[data-delivery=clicks] td[data-column='Records delivered']", /^1$/)
    await visit.sees('tr[data-delivery=clicks] td[data-column=Freshness]', '–')
    await visit.page.locator('#filter').fill('fail')
    expect(await visit.page.locator('.deliveries tbody tr').count()).toBe(1)
    await visit.page.locator('#filter').fill('')
    await visit.picture('deliveries')
    await streams.deleteDeliveryStream('clicks')
    await visit.page.locator('tr[data-delivery=clicks]').waitFor({ state: 'detached' })
    expect(visit.complaints).toEqual([])
  })

  it('shows a reshard as it happens, and begins others', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    const clicks = await store.createStream('clicks')
    await visit.goTo('clicks', 'shards')
    await page.locator('.shard.open').waitFor()
    await clicks.splitShard(shardId, half)
    await page.locator('.shard[data-shard=shardId-000000000002].open').waitFor()
    expect(await page.locator('.shard.closed').count()).toBe(1)
    expect(await page.locator('.shard-tree .link').count()).toBe(2)
    await page.locator('.shard[data-shard=shardId-000000000001]').click()
    await page.getByRole('button', { name: 'Split…' }).click()
    await page.getByRole('button', { name: 'Split', exact: true }).click()
    await page.locator('.shard[data-shard=shardId-000000000004].open').waitFor()
    await page.locator('.shard[data-shard=shardId-000000000004]').click()
    await page.getByRole('button', { name: 'Merge with the next…' }).click()
    await page.getByRole('button', { name: 'Merge', exact: true }).click()
    await page.locator('.shard[data-shard=shardId-000000000005].open').waitFor()
    await page.getByRole('button', { name: 'Shard count…' }).click()
    await page.locator('dialog input[name=target]').fill('4')
    await page.getByRole('button', { name: 'Update' }).click()
    await visit.sees('.facts.line', /Open shards4/)
    for (let index = 0; index < 500; index++) clicks.append(`k${index}`, Buffer.alloc(100))
    await visit.sees('tbody tr', /open.*KiB/s)
    await page.locator('.uplot').nth(1).waitFor()
    await visit.picture('shards')
    expect(clicks.describe().shardCount).toBe(4)
    expect(visit.complaints).toEqual([])
  })

  it('shows records as they come, pauses, and finds', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    const clicks = await store.createStream('clicks')
    await visit.goTo('clicks', 'tail')
    await visit.sees('.tail .summary', 'Live')
    clicks.append('user-1', Buffer.from('{"page":"/","n":[1,2]}'))
    await visit.sees('.tail-row', '{"page":"/"')
    await page.getByRole('button', { name: 'Pause' }).click()
    await visit.sees('.tail .summary', 'Paused')
    clicks.append('user-2', Buffer.from('held back'))
    clicks.append('user-3', Buffer.from('held back, too'))
    await clicks.setRetention(48)
    await visit.sees('.facts.line', 'Retention2 d')
    expect(await page.locator('.tail-row').count()).toBe(1)
    await visit.sees('.tail .summary', 'Paused · 1 read, 1 found')
    await page.getByRole('button', { name: 'Pause' }).click()
    await visit.sees('.tail-row', 'held back, too')
    expect(await page.locator('.tail-row').count()).toBe(3)
    await page.locator('.tail-row', { hasText: '"page"' }).click()
    await visit.sees('.viewer .payload', /"page": "\/",\n {2}"n": \[/)
    await visit.picture('records')
    await page.getByRole('tab', { name: 'Hex' }).click()
    await visit.sees('.viewer .payload', '00000000  7b 22 70 61 67 65')
    await page.getByRole('tab', { name: 'Text' }).click()
    await visit.sees('.viewer .payload', '{"page":"/","n":[1,2]}')
    await page.locator('select[name=from]').selectOption('oldest')
    await page.locator('input[name=text]').fill('held')
    await page.locator('input[name=key]').fill('-3')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await visit.sees('.tail .summary', '3 read, 1 found')
    await visit.sees('.tail-row', 'held back, too')
    expect(await page.locator('.tail-row').count()).toBe(1)
    expect(visit.complaints).toEqual([])
  })

  it('shows whatever a record holds as text', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    const clicks = await store.createStream('clicks', { maxRecordBytes: 10 * 1024 * 1024 })
    const html = '<img src=x onerror="window.hit=1"><script>window.hit=1</script><h1>no heading</h1>'
    clicks.append(`<b>${'\u202e'}key</b>\u0000`, Buffer.from(html))
    clicks.append('raw', Buffer.from([0xff, 0xfe, 0x00, 0x1b, 0x5b, 0xc3, 0x28]))
    clicks.append('right', Buffer.from('שלום \u202Eevil\u202C \u001b[31m'))
    clicks.append('big', Buffer.alloc(10 * 1024 * 1024 - 3, '<script>'))
    await visit.goTo('clicks', 'tail')
    await page.locator('select[name=from]').selectOption('oldest')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await visit.sees('.tail .summary', '4 found')
    await visit.sees('.tail-row .key', '<b>⟨U+202E⟩key</b>⟨NUL⟩')
    await page.locator('.tail-row', { hasText: 'onerror' }).click()
    await visit.sees('.viewer .payload', html)
    expect(await page.locator('main :is(img, script, b), main h1').count()).toBe(1) // the view's own heading
    await page.locator('.tail-row', { hasText: 'right' }).click()
    await visit.sees('.viewer .payload', 'שלום ⟨U+202E⟩evil⟨U+202C⟩ ⟨ESC⟩[31m')
    await visit.picture('hostile')
    await page.locator('.tail-row', { hasText: 'raw' }).click()
    await visit.sees('.viewer .payload', '00000000  ff fe 00 1b 5b c3 28')
    await page.getByRole('tab', { name: 'Text' }).click()
    await visit.sees('.viewer .hint', 'Not UTF-8')
    await page.locator('.tail-row', { hasText: 'big' }).click()
    await visit.sees('.viewer .payload', '<script><script>')
    expect((await page.locator('.viewer .payload').textContent())?.length).toBe(32 * 1024)
    await page.getByRole('button', { name: /^Show 32.0 KiB more of/ }).click()
    expect((await page.locator('.viewer .payload').textContent())?.length).toBe(64 * 1024)
    expect(await page.evaluate('window.hit')).toBeUndefined()
    expect(visit.complaints).toEqual([])
  })

  it('saves a payload only once it is there as a whole, and asks for it again when that failed', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    const clicks = await store.createStream('clicks')
    const payload = Buffer.alloc(5_000, 'payload ')
    clicks.append('k', payload)
    await visit.goTo('clicks', 'tail')
    await page.locator('select[name=from]').selectOption('oldest')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    let loads = 0
    await page.route('**/record/*', async (route) => {
      loads += 1
      if (loads === 1) return route.abort()
      return route.continue()
    })
    const save = page.getByRole('button', { name: 'Save' })
    await page.locator('.tail-row').click()
    await visit.sees('.viewer .hint', 'not loaded')
    expect(await save.isDisabled()).toBe(true)
    await page.getByRole('tab', { name: 'Hex' }).click()
    expect(await page.locator('.viewer .payload').textContent()).toBe('')
    await page.locator('.tail-row').click()
    await visit.sees('.viewer .payload', '00000000  70 61 79')
    const [download] = await Promise.all([page.waitForEvent('download'), save.click()])
    expect(readFileSync(await download.path()).equals(payload)).toBe(true)
    expect(loads).toBe(2)
    expect(visit.complaints).toEqual([])
  })

  it('puts a record without a key where keys do not count', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    const clicks = await store.createStream('clicks', { mode: 'ON_DEMAND', distribution: 'AUTO' })
    await visit.goTo('clicks', 'shards')
    await page.getByRole('button', { name: 'Put record' }).click()
    await page.locator('dialog textarea').fill('no key')
    await page.getByRole('button', { name: 'Put', exact: true }).click()
    await page.locator('dialog').waitFor({ state: 'detached' })
    const found = []
    for await (const { partitionKey, data } of clicks.read({ from: 'oldest', until: 'tail' }))
      found.push([partitionKey, Buffer.from(data).toString()])
    expect(found).toEqual([['', 'no key']])
    expect(visit.complaints).toEqual([])
  })

  it('could not run what a record holds, even if it made markup of it', async () => {
    await using visit = await Visit.begin(browser)
    await visit.go()
    const refused = await visit.page.evaluate(`(() => {
      try { document.body.innerHTML = '<img src=x onerror="window.hit=1">' } catch (error) { return error.name }
    })()`)
    expect(refused).toBe('TypeError')
    expect(await visit.page.evaluate('window.hit')).toBeUndefined()
  })

  it('keeps the newest thousand records, however many come', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    const clicks = await store.createStream('clicks')
    await visit.goTo('clicks', 'tail')
    await visit.sees('.tail .summary', 'Live')
    for (let index = 1; index <= 5000; index++) clicks.append('k', Buffer.from(`record ${index}`))
    await visit.sees('.tail .summary', '5,000 found, the newest 1,000 kept')
    await visit.sees('.tail-row:first-child', 'record 5000')
    for (let index = 5001; index <= 5010; index++) clicks.append('k', Buffer.from(`record ${index}`))
    await visit.sees('.tail-row:first-child', 'record 5010')
    await visit.sees('.tail-row:last-child', 'record 4011')
    expect(await page.locator('.tail-row').count()).toBe(1000)
    expect(visit.complaints).toEqual([])
  })

  it('shows consumers and who is subscribed', async () => {
    await using visit = await Visit.begin(browser)
    const { store } = visit
    const clicks = await store.createStream('clicks')
    const { arn } = await clicks.consumers.register('dashboard')
    await visit.goTo('clicks', 'consumers')
    await visit.sees('tbody tr', arn)
    await visit.sees('td.empty', 'Nobody is subscribed.')
    const core = insideOf(store).core({ account: '000000000000', region: 'us-east-1', name: 'clicks' })
    const [shard] = core.shards
    if (shard === undefined) throw new Error('no shard')
    const subscription = await core.subscriptions.open(shard, { consumer: arn, start: { from: 'latest' } })
    await visit.sees('tbody tr', /dashboard.*at the tip/s)
    await visit.picture('consumers')
    await subscription.return()
    await visit.sees('td.empty', 'Nobody is subscribed.')
    expect(visit.complaints).toEqual([])
  })

  it('deletes only what was named', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    const clicks = await store.createStream('clicks')
    await clicks.consumers.register('dashboard')
    await visit.goTo('clicks', 'shards')
    await page.getByRole('button', { name: 'Delete…' }).click()
    const button = page.getByRole('button', { name: 'Delete for good' })
    expect(await button.isDisabled()).toBe(true)
    await page.locator('dialog input[name=confirm]').fill('click')
    expect(await button.isDisabled()).toBe(true)
    await page.keyboard.press('Enter')
    await page.locator('dialog input[name=confirm]').fill('clicks')
    await visit.picture('delete')
    await button.click()
    await visit.sees('dialog .wrong', 'consumer')
    expect(store.listStreams()).toHaveLength(1)
    await page.locator('dialog input[name=consumers]').check()
    await button.click()
    await visit.sees('.empty', 'No streams yet')
    expect(store.listStreams()).toEqual([])
    expect(visit.complaints).toEqual([])
  })

  it('is used with the keyboard alone', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    await store.createStream('orders')
    await visit.go()
    const { keyboard } = page
    await keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.id')).toBe('skip')
    await keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    await keyboard.press('c')
    await page.locator('dialog').waitFor()
    await keyboard.type('clicks')
    await keyboard.press('Enter')
    await visit.sees('tr[data-stream=clicks]', 'active')
    await page.locator('dialog').waitFor({ state: 'detached' })
    await keyboard.press('/')
    await keyboard.type('cli')
    await keyboard.press('Tab')
    await keyboard.press('Tab')
    await keyboard.press('Enter')
    await visit.sees('h1', 'clicks')
    await visit.sees('.shard.open', 'shard 0')
    await keyboard.press('2')
    await visit.sees('.tail .summary', 'Live')
    await keyboard.press('p')
    await page.locator('dialog').waitFor()
    await keyboard.type('user-1')
    for (let tabs = 0; tabs < 3; tabs++) await keyboard.press('Tab')
    await keyboard.type('typed /?c')
    await keyboard.press('Tab')
    await keyboard.press('Tab')
    await keyboard.press('Enter')
    await visit.sees('.tail-row', 'typed /?c')
    await page.locator('dialog').waitFor({ state: 'detached' })
    await page.locator('.tail-list').focus()
    await keyboard.press('ArrowDown')
    await visit.sees('.viewer .facts', 'user-1')
    await keyboard.press(' ')
    await visit.sees('.tail .summary', 'Paused')
    await keyboard.press('?')
    await visit.sees('dialog', 'pause the records')
    await visit.picture('keys')
    await keyboard.press('Escape')
    await keyboard.press('u')
    await visit.sees('h1', 'Streams')
    expect(visit.complaints).toEqual([])
  })

  it('moves in the picture of shards with the arrows', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    const clicks = await store.createStream('clicks', { shards: 2 })
    await clicks.splitShard(shardId, String(2n ** 126n))
    await visit.goTo('clicks', 'shards')
    await page.locator('.shard-tree').focus()
    const picked = () => page.locator('.shard[aria-selected=true]').getAttribute('data-shard')
    const path = []
    for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowUp', 'ArrowDown', 'ArrowRight']) {
      await page.keyboard.press(key)
      path.push(Number((await picked())?.slice(-1)))
    }
    expect(path).toEqual([3, 2, 0, 2, 3])
    await visit.sees('.shard-details', 'Split from')
  })

  it('is light or dark as the system is, or as somebody chose', async () => {
    await using visit = await Visit.begin(browser)
    const { store, page } = visit
    const clicks = await store.createStream('clicks', { shards: 3 })
    await clicks.mergeShards(shardId, 'shardId-000000000001')
    const dark = async (): Promise<boolean> => {
      const colour = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
      return Number(/\d+/.exec(colour)) < 128
    }
    await page.emulateMedia({ colorScheme: 'light' })
    await visit.goTo('clicks', 'shards')
    expect(await dark()).toBe(false)
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await dark()).toBe(true)
    await page.locator('.uplot').first().waitFor()
    await visit.picture('shards-dark')
    await page.keyboard.press('t')
    expect(await dark()).toBe(false)
    await page.reload()
    await visit.sees('#theme', 'Theme: light')
    expect(await dark()).toBe(false)
    await page.keyboard.press('t')
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await dark()).toBe(true)
    expect(visit.complaints).toEqual([])
  })

  it('asks for nothing while nobody sees it', async () => {
    await using visit = await Visit.begin(browser)
    const { page, store } = visit
    await store.createStream('clicks')
    await visit.go()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    const ended = page.waitForEvent('requestfailed')
    await page.evaluate(hiding(true))
    expect((await ended).url()).toMatch(/\/console\/api\/events$/)
    await store.createStream('meanwhile')
    expect(asked).toEqual([])
    await page.evaluate(hiding(false))
    await visit.sees('tr[data-stream=meanwhile]', 'active')
    expect(asked).toHaveLength(1)
    expect(visit.complaints).toEqual([])
  })

  it('finds its server again', async () => {
    await using visit = await Visit.begin(browser)
    await visit.store.createStream('clicks')
    await visit.go()
    const { port } = visit.server
    await visit.server.close()
    await visit.page.locator('#state[data-state=lost]').waitFor()
    visit.server = await startServer(visit.store, { port })
    await visit.page.locator('#state[data-state=live]').waitFor()
    await visit.store.createStream('later')
    await visit.sees('tr[data-stream=later]', 'active')
    expect(await visit.page.locator('.streams tbody tr').count()).toBe(2)
  })
})
