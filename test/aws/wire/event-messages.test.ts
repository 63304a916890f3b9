import { EventStreamCodec } from '@smithy/core/event-streams'
import { describe, expect, it } from 'vitest'
import { EventMessages } from '../../../src/aws/wire/event-messages.ts'
import { eventHeaders } from '../../../src/aws/wire/event-stream.ts'
import type { ServiceEvent } from '../../../src/aws/wire/service.ts'

const contentType = 'application/json'
const codec = new EventStreamCodec(
  (bytes) => new TextDecoder().decode(bytes as Uint8Array),
  (text) => new TextEncoder().encode(text),
)

/** Events out of a list, with an error at its end if there is one; says whether they were returned. */
class Source implements AsyncIterableIterator<ServiceEvent, undefined> {
  returned = 0
  readonly #left: unknown[]
  readonly #error: Error | undefined

  constructor(events: readonly unknown[], error?: Error) {
    this.#left = [...events]
    this.#error = error
  }

  async next(): Promise<IteratorResult<ServiceEvent, undefined>> {
    if (this.#left.length > 0) return { done: false, value: { type: 'Happened', event: this.#left.shift() } }
    if (this.#error !== undefined) throw this.#error
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.returned += 1
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function jsonOf(event: unknown): Uint8Array {
  if (event === 'unspeakable') throw new Error('cannot be written')
  return Buffer.from(JSON.stringify(event))
}

function messagesOf(source: Source, lastWord?: string): EventMessages {
  return new EventMessages(source, {
    contentType,
    kindOf: (type) => ({
      headers: eventHeaders(type, contentType),
      writer: { json: jsonOf, cbor: jsonOf },
    }),
    lastWord: (error) =>
      lastWord === undefined ? undefined : { type: lastWord, text: (error as Error).message },
  })
}

async function textsOf(messages: EventMessages): Promise<string[]> {
  const texts: string[] = []
  for await (const bytes of messages) {
    const { headers, body } = codec.decode(bytes)
    const name = headers[':event-type'] ?? headers[':exception-type']
    texts.push(`${String(name?.value)} ${new TextDecoder().decode(body)}`)
  }
  return texts
}

describe('the messages of a stream of events', () => {
  it('begin with the initial response, have one for each event, and end with the events', async () => {
    const source = new Source([{ a: 1 }, { b: 'é' }])
    expect(await textsOf(messagesOf(source))).toEqual([
      'initial-response {}',
      'Happened {"a":1}',
      'Happened {"b":"é"}',
    ])
    expect(source.returned).toBe(0)
  })

  it('end with an exception when the events fail', async () => {
    const source = new Source([{ a: 1 }], new Error('broken'))
    const messages = messagesOf(source, 'InternalFailureException')
    expect((await textsOf(messages)).slice(1)).toEqual([
      'Happened {"a":1}',
      'InternalFailureException broken',
    ])
    expect(await messages.next()).toEqual({ done: true, value: undefined })
  })

  it('end without a word when nobody needs one', async () => {
    expect(await textsOf(messagesOf(new Source([], new Error('gone'))))).toEqual(['initial-response {}'])
  })

  it('end the events when one of them cannot be written', async () => {
    const source = new Source(['unspeakable', { a: 1 }])
    const texts = await textsOf(messagesOf(source, 'InternalFailureException'))
    expect(texts.slice(1)).toEqual(['InternalFailureException cannot be written'])
    expect(source.returned).toBe(1)
  })

  it('end the events when they are left, and say no more', async () => {
    const source = new Source([{ a: 1 }, { a: 2 }])
    const messages = messagesOf(source)
    for await (const bytes of messages) {
      expect(bytes.length).toBeGreaterThan(0)
      break
    }
    expect(source.returned).toBe(1)
    expect(await messages.next()).toEqual({ done: true, value: undefined })
  })
})
