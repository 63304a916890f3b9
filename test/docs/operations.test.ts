import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { startServer } from '../../src/server/server.ts'
import { testStore } from '../../src/testing/test-store.ts'

describe('docs/operations.md', () => {
  it('lists the metrics that there are, and no others', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const shown = await (await fetch(`${server.endpoint}/metrics`)).text()
    const names = [...shown.matchAll(/^# TYPE ((?:millrace|kinesis|firehose)_\w+)/gm)].map(([, name]) => name)
    const text = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8')
    const listed = [...text.matchAll(/`((?:millrace|kinesis|firehose)_\w+)`/g)].map(([, name]) => name)
    expect(listed.toSorted()).toEqual(names.toSorted())
  })
})
