import { describe, expect, it } from 'vitest'
import { speechOf } from '../../src/server/first-bytes.ts'

describe('the first bytes of a connection', () => {
  it.each([
    ['PRI * HTTP/2.0\r\n', 'h2'],
    ['PRI ', 'h2'],
    ['POST / HTTP/1.1\r\n', 'http/1.1'],
    ['PROPFIND / HTTP/1.1', 'http/1.1'],
    ['GET', 'http/1.1'],
    ['\r\n', 'http/1.1'],
    ['\u0016\u0003\u0001', 'tls'],
    ['P', undefined],
    ['PR', undefined],
    ['PRI', undefined],
    ['PRIX', 'http/1.1'],
  ])('%j speak %s', (text, speech) => {
    expect(speechOf(Buffer.from(text, 'latin1'))).toBe(speech)
  })
})
