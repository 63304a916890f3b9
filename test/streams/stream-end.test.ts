import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What a program says that has `stream`, holding one record, and does not close its store. */
function run(program: string): { readonly status: number | null; readonly said: string } {
  const text = `
    import { open } from 'millrace'
    const store = await open('memory:')
    const stream = await store.createStream('s')
    const entry = { partitionKey: 'k', data: new Uint8Array(3) }
    await stream.putBatch([entry])
    process.on('exit', () => console.log('over'))
    ${program}
  `
  const args = ['--input-type=module', '--unhandled-rejections=strict', '--eval', text]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  return { status, said: stdout + stderr }
}

describe('a process with streams that nobody ended', () => {
  it.each([
    ['a Node stream at the tail', "stream.readable({ from: 'oldest' }).resume()"],
    ['a Node stream that nobody reads', "stream.readable({ from: 'oldest' })"],
    ['a Web stream at the tail', "void stream.readableStream({ from: 'latest' }).getReader().read()"],
    ['a Node stream of entries', 'stream.writable().write(entry)'],
    ['a Web stream of entries', 'void stream.writableStream().getWriter().write(entry)'],
    [
      'streams that were ended in the same turn',
      `stream.readable({ from: 'oldest' }).resume().destroy()
       stream.writable().destroy()
       void stream.readableStream({ from: 'oldest' }).cancel()
       void stream.writableStream().abort()`,
    ],
    [
      'streams whose signal was aborted before anybody looked',
      `const controller = new AbortController()
       const { signal } = controller
       stream.readableStream({ from: 'oldest', signal })
       stream.writableStream({ signal })
       controller.abort()`,
    ],
    ['Web streams of a closed store', "stream.readableStream({ from: 'oldest' }); await store.close()"],
  ])('ends by itself, and quietly: %s', (_what, program) => {
    expect(run(program)).toEqual({ status: 0, said: 'over\n' })
  })
})
