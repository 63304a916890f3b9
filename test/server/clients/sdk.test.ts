import { readFileSync } from 'node:fs'
import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler'
import { Agent } from 'node:https'
import { describe, expect, it } from 'vitest'
import type { ServerOptions } from '../../../src/server/index.ts'
import { quiet, serve } from '../rig.ts'
import type { Address } from './address.ts'
import { everyClient } from './program.ts'
import { lifeOfAStream } from './sdk-scenario.ts'

type Transport = (address: Address) => KinesisClientConfig

const transports: Readonly<Record<string, Transport>> = {
  'its defaults, a session of HTTP/2 for each request': ({ ca }) =>
    ca === undefined
      ? {}
      : {
          requestHandler: new NodeHttp2Handler({
            disableConcurrentStreams: true,
            nodeHttp2ConnectOptions: { ca },
          }),
        },
  'one session of HTTP/2 for all': ({ ca }) => ({
    requestHandler: new NodeHttp2Handler(ca === undefined ? {} : { nodeHttp2ConnectOptions: { ca } }),
  }),
  'HTTP/1.1': ({ ca }) => ({
    requestHandler: new NodeHttpHandler(ca === undefined ? {} : { httpsAgent: new Agent({ ca }) }),
  }),
}

const secretAccessKey = 'a-secret-of-sixteen-characters-or-more'
const credentials = [
  { accessKeyId: 'id_of_it', secretAccessKey, policy: [{ allow: 'admin', streams: '*' }] },
] as const

/** How a server is run: as it comes, and as one that others can reach. */
const servers: Readonly<Record<string, ServerOptions>> = {
  'without TLS': {},
  'over TLS, its signatures verified': { tls: true, credentials },
}

// The second takes as long again.
const cases = Object.keys(servers)
  .slice(0, everyClient ? undefined : 1)
  .flatMap((how) => Object.keys(transports).map((name) => [name, how] as const))

describe('the AWS SDK for JavaScript', () => {
  it.each(cases)('creates, puts, reads, splits, subscribes and deletes with %s, %s', async (name, how) => {
    const { server } = await serve({ server: servers[how] ?? {} })
    const { certificateFile } = server
    const ca = certificateFile === undefined ? undefined : readFileSync(certificateFile, 'utf8')
    const client = new KinesisClient({
      region: 'us-east-1',
      credentials: { accessKeyId: 'id_of_it', secretAccessKey },
      endpoint: server.endpoint,
      maxAttempts: 1,
      ...transports[name]?.({ endpoint: server.endpoint, ...(ca === undefined ? {} : { ca }) }),
    })
    await lifeOfAStream(client, 'scenario')
    client.destroy()
    await quiet(server)
    expect(server.load).toMatchObject({ connections: 0, sessions: 0, requests: 0 })
  })
})
