import { decode } from 'cborg'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../model/manual-clock.ts'
import { Connection } from '../connection.ts'
import { call2, openSession } from '../http2-call.ts'
import { serve, type ServerRig } from '../rig.ts'

/** When AT_TIMESTAMP of the recorded request is, milliseconds. */
const recordedMs = 0x01a2_22f4_70a4

/** What tag 1 is around. */
class Tagged {
  readonly content: unknown

  constructor(content: unknown) {
    this.content = content
  }
}

const tags: ((content: unknown) => unknown)[] = []
tags[1] = (content) => new Tagged(content)

type Document = Readonly<Record<string, unknown>>
interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly document: Document
}
type Send = (request: Buffer) => Promise<Answer>

function recorded(name: string): Buffer {
  return readFileSync(new URL(`requests/${name}.http`, import.meta.url))
}

/** The recorded request with another body of the same form: where it has an iterator of another server. */
function withIterator(request: Buffer, iterator: string): Buffer {
  const text = Buffer.from(iterator)
  const length = Buffer.from([0x79, text.length >> 8, text.length & 0xff])
  const body = Buffer.concat([Buffer.from('\xbfmShardIterator', 'latin1'), length, text, Buffer.from([0xff])])
  const head = request.subarray(0, request.indexOf('\r\n\r\n') + 4).toString('latin1')
  return Buffer.concat([
    Buffer.from(head.replace(/content-length: \d+/i, `Content-Length: ${body.length}`), 'latin1'),
    body,
  ])
}

function answerOf(status: number, headers: Readonly<Record<string, string>>, body: Buffer): Answer {
  const document = body.length === 0 ? {} : (decode(body, { tags }) as Document)
  return { status, type: headers['content-type'], document }
}

/** As recorded. */
async function overHttp1({ server }: ServerRig): Promise<{ send: Send; close: () => void }> {
  const connection = await Connection.open(server)
  return {
    async send(request) {
      connection.write(request)
      const { status, headers, body } = await connection.answer()
      return answerOf(status, headers, body)
    },
    close: () => connection.close(),
  }
}

/** The same headers and bytes in frames. */
async function overHttp2({ server }: ServerRig): Promise<{ send: Send; close: () => void }> {
  const session = await openSession(server.endpoint)
  return {
    async send(request) {
      const end = request.indexOf('\r\n\r\n')
      const [, ...lines] = request.subarray(0, end).toString('latin1').split('\r\n')
      const headers = Object.fromEntries(
        lines.map((line) => [
          line.slice(0, line.indexOf(':')).toLowerCase(),
          line.slice(line.indexOf(':') + 2),
        ]),
      )
      delete headers['host']
      const {
        status,
        headers: answered,
        body,
      } = await call2(session, { ':method': 'POST', ...headers }, request.subarray(end + 4))
      return answerOf(status, answered, body)
    },
    close: () => session.destroy(),
  }
}

describe.each([
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const)('requests of the Java SDK, as recorded, over %s', (_name, connect) => {
  it('are understood, and answered in CBOR that another decoder reads', async () => {
    const clock = new ManualClock(recordedMs - 1_000)
    const rig = await serve({ open: { clock } })
    const { send, close } = await connect(rig)
    const ok = async (request: Buffer): Promise<Document> => {
      const { status, type, document } = await send(request)
      expect({ status, document: status === 200 ? {} : document }).toEqual({ status: 200, document: {} })
      if (Object.keys(document).length > 0) expect(type).toBe('application/x-amz-cbor-1.1')
      return document
    }
    await ok(recorded('CreateStream'))
    const put = await ok(recorded('PutRecord'))
    expect(put).toMatchObject({
      ShardId: 'shardId-000000000000',
      SequenceNumber: expect.stringMatching(/^\d{56}$/),
    })
    await clock.advance(1_000)
    const batch = await ok(recorded('PutRecords'))
    expect(batch).toMatchObject({ FailedRecordCount: 0 })
    expect(batch['Records']).toHaveLength(10)

    const all = await records(ok, 'GetShardIterator')
    expect(
      all.map(({ PartitionKey, Data }) => [PartitionKey, Buffer.from(Data as Uint8Array).toString()]),
    ).toEqual([['one', 'single'], ...Array.from({ length: 10 }, (_, at) => [`key ${at} é`, `batch ${at}`])])
    expect(all[0]?.['ApproximateArrivalTimestamp']).toEqual(new Tagged(recordedMs - 1_000))
    expect(await records(ok, 'GetShardIterator-time')).toEqual(all.slice(1))

    const summary = await ok(recorded('DescribeStreamSummary'))
    expect(summary['StreamDescriptionSummary']).toMatchObject({
      StreamCreationTimestamp: new Tagged(recordedMs - 1_000),
      OpenShardCount: 1,
    })
    expect((await ok(recorded('ListShards')))['Shards']).toHaveLength(1)
    await ok(recorded('DeleteStream'))
    const { status, type, document } = await send(recorded('PutRecord'))
    expect({ status, type, fault: document['__type'] }).toEqual({
      status: 400,
      type: 'application/x-amz-cbor-1.1',
      fault: 'ResourceNotFoundException',
    })
    close()
  })
})

async function records(ok: (request: Buffer) => Promise<Document>, name: string): Promise<Document[]> {
  const { ShardIterator } = await ok(recorded(name))
  const page = await ok(withIterator(recorded('GetRecords'), String(ShardIterator)))
  return page['Records'] as Document[]
}
