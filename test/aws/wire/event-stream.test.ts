import { EventStreamCodec } from '@smithy/core/event-streams'
import { describe, expect, it } from 'vitest'
import { encodeMessage, eventHeaders, frame, initialResponse } from '../../../src/aws/wire/event-stream.ts'

const codec = new EventStreamCodec(
  (bytes) => new TextDecoder().decode(bytes as Uint8Array),
  (text) => new TextEncoder().encode(text),
)

describe('a message of an event stream', () => {
  it('is what the decoder of the SDK takes', () => {
    const message = codec.decode(frame(eventHeaders('SomethingHappened', 'application/json'), '{"é":1}'))
    expect(message.headers).toEqual({
      ':message-type': { type: 'string', value: 'event' },
      ':event-type': { type: 'string', value: 'SomethingHappened' },
      ':content-type': { type: 'string', value: 'application/json' },
    })
    expect(new TextDecoder().decode(message.body)).toBe('{"é":1}')
  })

  it('[L] answers: a stream of events begins with an empty document', () => {
    const message = codec.decode(initialResponse('application/x-amz-json-1.1'))
    expect(message.headers[':event-type']).toEqual({ type: 'string', value: 'initial-response' })
    expect(new TextDecoder().decode(message.body)).toBe('{}')
  })

  it('carries bytes', () => {
    const body = Uint8Array.from([1, 2, 255])
    expect(codec.decode(encodeMessage({ a: 'b' }, body)).body).toEqual(body)
  })
})
