import { afterEach } from 'vitest'
import { type OpenOptions, open } from '../../src/open.ts'
import { type Server, type ServerOptions, startServer } from '../../src/server/index.ts'
import type { Store } from '../../src/streams/store.ts'

/** A store and a server on a port of its own. */
export interface ServerRig {
  readonly store: Store
  readonly server: Server
}

export interface ServerRigOptions {
  /** Folder of the store; `undefined`: in memory. */
  readonly folder?: string
  readonly open?: OpenOptions
  readonly server?: ServerOptions
}

const rigs: ServerRig[] = []

afterEach(async () => {
  for (const { store, server } of rigs.splice(0)) {
    await server.close()
    await store.close()
  }
})

/** Starts a server; the test that asked for it ends it by ending. */
export async function serve(options: ServerRigOptions = {}): Promise<ServerRig> {
  const store = await open(options.folder ?? 'memory:', options.open)
  const server = await startServer(store, { port: 0, graceMs: 2_000, ...options.server })
  const rig = { store, server }
  rigs.push(rig)
  return rig
}

/**
 * Waits until nothing is open any more: sockets close a moment after the answer was read. Turns of the event loop are
 * no time; a server that leaks lets the test time out.
 */
export async function quiet(server: Server): Promise<void> {
  for (;;) {
    const { connections, sessions, requests } = server.load
    if (connections + sessions + requests === 0) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
