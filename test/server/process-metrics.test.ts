import { createRequire } from 'node:module'
import type * as hooks from 'node:perf_hooks'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startServer } from '../../src/server/server.ts'
import { testStore } from '../../src/testing/test-store.ts'

it('has the process watched once, however many servers are looked at', async () => {
  const watching = vi.spyOn(
    createRequire(import.meta.url)('node:perf_hooks') as typeof hooks,
    'monitorEventLoopDelay',
  )
  onTestFinished(() => watching.mockRestore())
  await using store = await testStore()
  const seen: string[] = []
  for (let one = 0; one < 3; one++) {
    await using server = await startServer(store, { port: 0 })
    seen.push(await (await fetch(`${server.endpoint}/metrics`)).text())
  }
  expect(watching).toHaveBeenCalledTimes(1)
  for (const text of seen) {
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds [\d.]+/m)
    expect(text).toMatch(/^millrace_store_usable 1$/m)
  }
})
