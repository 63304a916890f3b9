import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ended, fed, start, storedLines, storeWithStream } from './millrace.ts'

const line = `${'x'.repeat(99)}\n`

describe('Ctrl-C', () => {
  it.each([
    { signal: 'SIGINT', code: 130 },
    { signal: 'SIGTERM', code: 143 },
  ] as const)('ends a following tail with $code after $signal', async ({ signal, code }) => {
    const dir = await storeWithStream()
    await fed('a\n', 'put', 'clicks', '--dir', dir)
    const child = start('tail', 'clicks', '--follow', '--format', 'data', '--dir', dir)
    const end = ended(child)
    await once(child.stdout, 'data')
    child.kill(signal)
    expect(await end).toEqual({ code, stdout: 'a\n', stderr: '' })
  })

  it('ends a put that waits for more, and what it reports is what is stored', async () => {
    const dir = await storeWithStream()
    const child = start('put', 'clicks', '--json', '--dir', dir)
    const end = ended(child)
    // More than a pipe holds: once it is drained, the command is at work.
    if (!child.stdin.write(line.repeat(20_000))) await once(child.stdin, 'drain')
    child.kill('SIGINT')
    const { code, stdout, stderr } = await end
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
    const { records } = JSON.parse(stdout) as { readonly records: number }
    expect(records).toBeGreaterThan(0)
    expect(await storedLines(dir)).toHaveLength(records)
  })
})

describe('a reader that goes away', () => {
  it('ends tail quietly with 0', async () => {
    const dir = await storeWithStream()
    await fed(line.repeat(50_000), 'put', 'clicks', '--dir', dir)
    const child = start('tail', 'clicks', '--dir', dir)
    const stderr: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = (await once(child, 'exit')) as [number]
    expect({ code, stderr: Buffer.concat(stderr).toString() }).toEqual({ code: 0, stderr: '' })
  })
})
