// The floor of server.bench.ts: reads each request whole and answers what it has ready. Prints where it listens as JSON.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const entry = {
  SequenceNumber: '49590338271490256608559692538361571095921575989136588898',
  ShardId: 'shardId-000000000000',
}
const answers: Readonly<Record<string, Buffer>> = {
  PutRecord: Buffer.from(JSON.stringify(entry)),
  PutRecords: Buffer.from(
    JSON.stringify({ FailedRecordCount: 0, Records: Array.from({ length: 500 }, () => entry) }),
  ),
}
const nothing = Buffer.alloc(0)

const server = createServer((request, response) => {
  const operation = String(request.headers['x-amz-target']).split('.')[1] ?? ''
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const body = answers[operation] ?? nothing
    response.writeHead(200, {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-requestid': 'd5a1a1b0-0000-4000-8000-000000000000',
      'content-length': body.length,
    })
    response.end(body)
  })
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ endpoint: `http://127.0.0.1:${port}` })}\n`)
})
