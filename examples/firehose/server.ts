// The process that is killed: a server over a store, with its delivery streams. Its parent talks to it (server-process.ts).
import { open } from 'millrace'
import { firehose } from 'millrace/firehose'
import { startServer } from 'millrace/server'
import type { ServerOrder, ServerReport, ServerSetting } from './server-process.ts'
import { columns, database, table } from './table.ts'

const { dir, port, buckets } = JSON.parse(process.argv[2] ?? '') as ServerSetting
const store = await open(dir)
const deliveries = firehose(store, {
  buckets,
  tables: { [`${database}.${table}`]: columns },
  onLog: ({ errorCode, message }) => process.stderr.write(`delivery: ${errorCode}: ${message}\n`),
})
const server = await startServer(store, { port, console: false })

process.on('message', (order: ServerOrder) => void obey(order))
// Nobody is left to talk to.
process.on('disconnect', () => process.exit(1))
report({ kind: 'ready', endpoint: server.endpoint })

async function obey({ kind }: ServerOrder): Promise<void> {
  try {
    switch (kind) {
      case 'flush':
        for (const { name } of deliveries.listDeliveryStreams()) await deliveries.deliveryStream(name).flush()
        return report({ kind: 'flushed' })
      case 'end':
        await server.close()
        await store.close()
        process.removeAllListeners('disconnect')
        return process.disconnect()
      default:
        return kind satisfies never
    }
  } catch (error) {
    report({ kind: 'failed', message: String(error) })
  }
}

function report(what: ServerReport): void {
  process.send?.(what)
}
