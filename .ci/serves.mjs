// `npm start` in a clone: one ready line on standard output, a record put and read back over HTTP, the README's client, an end that
// says 0.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const server = spawn('npm', ['--silent', 'start', '--', '--port', '0', '--stream', 'clicks:2', '--json'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
const { endpoint } = JSON.parse((await lines.next()).value)

async function call(operation, input) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Kinesis_20131202.${operation}`,
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(input),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${operation}: ${JSON.stringify(answer)}`)
  return answer
}

const Data = Buffer.from('{"page":"/"}').toString('base64')
const { ShardId } = await call('PutRecord', { StreamName: 'clicks', PartitionKey: 'user-42', Data })
const { ShardIterator } = await call('GetShardIterator', {
  StreamName: 'clicks',
  ShardId,
  ShardIteratorType: 'TRIM_HORIZON',
})
const { Records } = await call('GetRecords', { ShardIterator })
if (Records.length !== 1 || Records[0].Data !== Data) throw new Error(JSON.stringify(Records))

// The lines of the README, word for word but for the port.
const [, shown] = /```js\n([^]*?)```/.exec(readFileSync('README.md', 'utf8'))
const said = execFileSync(process.execPath, ['--input-type=module'], {
  input: shown.replace('http://127.0.0.1:4567', endpoint),
  encoding: 'utf8',
  stdio: ['pipe', 'pipe', 'ignore'],
})
if (!said.includes("'clicks'")) throw new Error(`the README's client printed ${said}`)

server.kill('SIGTERM')
const [code] = await once(server, 'exit')
const more = await lines.next()
if (code !== 0 || !more.done) throw new Error(`ended with ${code}, and said ${more.value}`)
process.stdout.write(`${endpoint} took a record, gave it back and ended\n`)
