import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ServeLog } from '../../src/cli/server-log.ts'

const lines: Record<string, unknown>[] = []

vi.mock('node:fs', async (original) => ({
  ...(await original<object>()),
  writeSync: (_fd: number, text: string) => lines.push(JSON.parse(text) as Record<string, unknown>),
}))

/** As if there had been no descriptor left to read it with. */
const short = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('too many open files'), { code: 'EMFILE' }))

beforeEach(() => {
  lines.length = 0
})

describe('a log whose logger cannot be loaded', () => {
  it('says what was kept and what comes, in lines of the same form', async () => {
    const log = new ServeLog('info', false, short)
    log.info({ port: 1 }, 'ready')
    await log.load()
    log.error({ why: new Error('broken') }, 'request failed')
    log.debug({}, 'request')
    expect(lines).toMatchObject([
      { level: 40, name: 'millrace', why: 'EMFILE', msg: 'the logger cannot be loaded: lines are plain' },
      { level: 30, name: 'millrace', pid: process.pid, port: 1, msg: 'ready' },
      { level: 50, why: 'broken', msg: 'request failed' },
    ])
  })

  it('has the members that the logger writes, in its order', async () => {
    const plain = new ServeLog('info', false, short)
    const log = new ServeLog('info', false)
    await Promise.all([plain.load(), log.load()])
    lines.length = 0
    for (const each of [plain, log]) each.warn({ code: 'x' }, 'said')
    const [first, second] = lines.map(({ time, ...line }) => [typeof time, Object.entries(line)])
    expect(first).toEqual(second)
  })
})
