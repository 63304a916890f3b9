import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import S3rver from 's3rver'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTurn, systemClock } from '../../../src/clock.ts'
import { S3Buckets } from '../../../src/firehose/destinations/s3.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { objectContract } from './contract.ts'
import { lentChunks, objectOf, rejection, unaborted } from './parcels.ts'
import { type S3Fault, S3Front, type S3Request } from './s3-front.ts'
import { objectAt, s3Credentials, s3Reader } from './s3-reading.ts'

const mebibyte = 1024 * 1024
const largeBytes = 6 * mebibyte

let directory: string
let server: S3rver
let front: S3Front
let reader: S3Client
const opened: S3Buckets[] = []

beforeEach(async () => {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
  directory = mkdtempSync(join(tmpdir(), 'millrace-s3-'))
  const configureBuckets = [{ name: 'bucket', configs: [] }]
  server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets })
  const { port } = await server.run()
  front = await S3Front.start(port)
  reader = s3Reader(`http://127.0.0.1:${port}`)
})

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
  reader.destroy()
  await front.close()
  await server.close()
  rmSync(directory, { recursive: true, force: true })
})

function buckets(clock = systemClock): S3Buckets {
  const made = new S3Buckets({ options: { endpoint: front.endpoint, credentials: s3Credentials }, clock })
  opened.push(made)
  return made
}

/** Fails the requests of one kind, the first `times` of them. */
function failing(
  kind: (request: S3Request) => boolean,
  fault: S3Fault,
  times = Number.POSITIVE_INFINITY,
): void {
  let left = times
  front.fault = (request) => (kind(request) && left-- > 0 ? fault : undefined)
}

/** Answers no request of one kind; resolves once there was one. */
function silence(kind: (request: S3Request) => boolean): Promise<void> {
  return new Promise((resolve) => {
    front.fault = (request) => {
      if (!kind(request)) return undefined
      resolve()
      return { kind: 'silence' }
    }
  })
}

const isPart = ({ query }: S3Request): boolean => query.has('partNumber')
const isCreation = ({ query }: S3Request): boolean => query.has('uploads')
const isCompletion = ({ method, query }: S3Request): boolean => method === 'POST' && query.has('uploadId')
const isRemoval = ({ method }: S3Request): boolean => method === 'DELETE'
const isAny = (): boolean => true

objectContract(
  'S3 (s3rver)',
  async () => ({
    destination: buckets(),
    read: async (bucket, key) => (await objectAt(reader, bucket, key))?.bytes,
    leftovers: async () => [...front.uploads],
    close: async () => {},
  }),
  // s3rver keeps objects in a folder itself, and does not take more than these.
  { hostileKeys: ['a/b', 'line\nfeed', 'x'.repeat(200), '%2F', 'emoji 🌊', '?q=1#f', 'a b+c'], largeBytes },
)

describe('S3', () => {
  /** Of two parts. */
  const large = objectOf('bucket', 'large', [], { body: () => lentChunks(6 * mebibyte) })
  const small = objectOf('bucket', 'small', 'x')

  it('says what an object is', async () => {
    const said = { contentType: 'application/json', contentEncoding: 'gzip' }
    await buckets().deliver(objectOf('bucket', 'small', 'x', said), unaborted)
    await buckets().deliver({ ...large, ...said }, unaborted)
    for (const key of ['small', 'large']) {
      const found = await objectAt(reader, 'bucket', key)
      expect(found?.head).toMatchObject({ ContentType: 'application/json', ContentEncoding: 'gzip' })
    }
  })

  it('leaves the credentials that it is given as they are, though they are frozen', async () => {
    const credentials = Object.freeze({ ...s3Credentials })
    const given = new S3Buckets({ options: { endpoint: front.endpoint, credentials }, clock: systemClock })
    opened.push(given)
    await given.deliver(small, unaborted)
    expect((await objectAt(reader, 'bucket', 'small'))?.bytes.toString()).toBe('x')
  })

  it('asks for the storage class of an object, if it has one', async () => {
    // s3rver knows none of them.
    front.fault = () => ({ kind: 'answer', status: 200 })
    await buckets().deliver(objectOf('bucket', 'small', 'x', { storageClass: 'GLACIER_IR' }), unaborted)
    await buckets().deliver(small, unaborted)
    expect(front.requests.map(({ storageClass }) => storageClass)).toEqual(['GLACIER_IR', undefined])
  })

  it('sends a small object as one request, a large one in parts', async () => {
    await buckets().deliver(small, unaborted)
    expect(front.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['PUT /bucket/small'])
    front.requests.length = 0
    await buckets().deliver(large, unaborted)
    expect(front.requests.filter(isPart).length).toBe(2)
  })

  it.each([
    ['AccessDenied', 403, 'S3.AccessDenied', true],
    ['NoSuchBucket', 404, 'S3.NoSuchBucket', true],
    ['KMS.NotFoundException', 400, 'S3.KMS.NotFoundException', true],
    ['KeyTooLongError', 400, 'S3.KeyTooLongError', false],
    ['EntityTooLarge', 400, 'S3.EntityTooLarge', false],
    [undefined, 403, 'S3.AccessDenied', true],
    [undefined, 405, 'S3.MethodNotAllowed', true],
    [undefined, 418, 'S3.InternalError', true],
  ] as const)('names the answer %s, %d: %s', async (code, status, expected, again) => {
    failing(isAny, { kind: 'answer', status, ...(code !== undefined && { code }) })
    for (const parcel of [small, large]) {
      const error = await rejection(buckets().deliver(parcel, unaborted))
      expect(error).toMatchObject({ name: 'DeliveryError', code: expected, again })
    }
    expect([...front.uploads]).toEqual([])
  })

  it('says that a bucket does not exist', async () => {
    const error = await rejection(buckets().deliver(objectOf('nowhere', 'k', 'x'), unaborted))
    expect(error).toMatchObject({ code: 'S3.NoSuchBucket', again: true })
  })

  it('does not understand an answer that is no XML', async () => {
    failing(isAny, { kind: 'answer', status: 500, body: '<html>' })
    expect(await rejection(buckets().deliver(small, unaborted))).toMatchObject({
      code: 'S3.InternalError',
      again: true,
    })
  })

  it('goes on after single faults: the SDK repeats', async () => {
    for (const kind of [isCreation, isPart, isCompletion]) {
      failing(kind, { kind: 'answer', status: 500, code: 'InternalError' }, 1)
      await buckets().deliver(large, unaborted)
    }
    failing(isPart, { kind: 'cut', after: true }, 1)
    await buckets().deliver(large, unaborted)
    expect([...front.uploads]).toEqual([])
  })

  it.each([
    ['a part', isPart],
    ['the completion', isCompletion],
  ])('removes an upload of which %s fails', async (_, kind) => {
    failing(kind, { kind: 'answer', status: 400, code: 'InvalidPart' })
    expect(await rejection(buckets().deliver(large, unaborted))).toMatchObject({
      code: 'S3.InvalidPart',
      again: true,
    })
    expect(front.requests.some(isRemoval)).toBe(true)
    expect([...front.uploads]).toEqual([])
  })

  it('does not send the other parts when one has failed, and has closed the body', async () => {
    failing(isPart, { kind: 'answer', status: 403, code: 'AccessDenied' })
    let closed = false
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        yield* lentChunks(30 * mebibyte)
      } finally {
        for (let turn = 0; turn < 10; turn++) await nextTurn()
        closed = true
      }
    }
    const error = await rejection(buckets().deliver(objectOf('bucket', 'huge', [], { body }), unaborted))
    expect(error).toMatchObject({ code: 'S3.AccessDenied' })
    expect(closed).toBe(true)
    expect(front.requests.filter(isPart).length).toBeLessThanOrEqual(2)
  })

  it('tells of the first fault even if the upload cannot be removed', async () => {
    failing((request) => isPart(request) || isRemoval(request), {
      kind: 'answer',
      status: 403,
      code: 'AccessDenied',
    })
    expect(await rejection(buckets().deliver(large, unaborted))).toMatchObject({ code: 'S3.AccessDenied' })
  })

  it.each([
    ['a small object', small, isAny],
    ['a creation', large, isCreation],
    ['a part', large, isPart],
    ['a completion', large, isCompletion],
  ])('aborts %s that is not answered', async (_, parcel, kind) => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const clock = new ManualClock()
    const asked = silence(kind)
    const delivery = rejection(buckets(clock).deliver(parcel, abort.signal))
    await asked
    abort.abort(reason)
    // What makes an upload is looked after for a while, in case it was made.
    if (kind === isCreation) await clock.advance({ seconds: 10 })
    expect(await delivery).toBe(reason)
    expect([...front.uploads]).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('waits no longer than five minutes for an answer', async () => {
    const clock = new ManualClock()
    const asked = silence(isAny)
    const delivery = rejection(buckets(clock).deliver(small, unaborted))
    await asked
    await clock.advance({ minutes: 5 })
    expect(await delivery).toMatchObject({
      code: 'S3.RequestTimeout',
      again: true,
      message: 'bucket/small: no answer in 300 s',
    })
  })

  it('says that nobody listens', async () => {
    const made = new S3Buckets({
      options: { endpoint: 'http://127.0.0.1:1', credentials: s3Credentials },
      clock: systemClock,
    })
    opened.push(made)
    expect(await rejection(made.deliver(small, unaborted))).toMatchObject({
      code: 'S3.ConnectionFailed',
      again: true,
    })
  })

  it('says what to install where the SDK is missing, and looks again the next time', async () => {
    let tries = 0
    const made = new S3Buckets({
      options: { endpoint: front.endpoint, credentials: s3Credentials },
      clock: systemClock,
      loadSdk: async () => {
        tries += 1
        throw new Error('Cannot find package')
      },
    })
    await rejection(made.deliver(small, unaborted))
    await rejection(made.deliver(small, unaborted))
    expect(tries).toBe(2)
  })

  it('holds no more than six objects at once', async () => {
    let now = 0
    let most = 0
    async function* body(): AsyncGenerator<Uint8Array> {
      now += 1
      most = Math.max(most, now)
      yield Buffer.from('x')
      now -= 1
    }
    const made = buckets()
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    await Promise.all(keys.map((key) => made.deliver(objectOf('bucket', key, [], { body }), unaborted)))
    expect(most).toBe(6)
  })
})
