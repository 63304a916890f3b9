import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { quiet, serve } from '../rig.ts'
import { deliveryFromAShell } from './cli-firehose.ts'
import { lifeFromAShell } from './cli-scenario.ts'
import { everyClient, installed, run } from './program.ts'

const python = '/usr/bin/python3'
const aws = '/usr/bin/aws'
const life = fileURLToPath(new URL('boto3_life.py', import.meta.url))
const delivery = fileURLToPath(new URL('boto3_firehose.py', import.meta.url))

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-clients-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('clients in Python', () => {
  it('boto3 creates, puts, reads, splits, subscribes and deletes', { timeout: 60_000 }, async ({ skip }) => {
    if (!(await installed(python, 'boto3'))) skip('there is no boto3: apt-get install python3-boto3')
    const { server } = await serve()
    const said = await run(python, [life, server.endpoint])
    process.stdout.write(said)
    expect(said).toMatch(/pushed .* ms after the put began/)
    await quiet(server)
  })

  it('the AWS CLI creates, puts, reads, splits and deletes', { timeout: 180_000 }, async ({ skip }) => {
    if (!everyClient) skip('it takes half a minute: npm run test:clients')
    if (!(await installed(aws))) skip('there is no AWS CLI: apt-get install awscli')
    const { server } = await serve()
    await lifeFromAShell(aws, server)
    await quiet(server)
    expect(server.load).toMatchObject({ connections: 0, sessions: 0, requests: 0 })
  })

  it('boto3 has records delivered to a folder', { timeout: 60_000 }, async ({ skip }) => {
    if (!everyClient) skip('npm run test:clients')
    if (!(await installed(python, 'boto3'))) skip('there is no boto3: apt-get install python3-boto3')
    const buckets = scratch()
    const { server } = await serve({ server: { firehose: { buckets } } })
    const said = await run(python, [delivery, server.endpoint, buckets])
    process.stdout.write(said)
    expect(said).toMatch(/an object .* ms after the put began/)
    await quiet(server)
  })

  it('the AWS CLI has records delivered to a folder', { timeout: 180_000 }, async ({ skip }) => {
    if (!everyClient) skip('it takes a quarter of a minute: npm run test:clients')
    if (!(await installed(aws))) skip('there is no AWS CLI: apt-get install awscli')
    const buckets = scratch()
    const { server } = await serve({ server: { firehose: { buckets } } })
    await expect(deliveryFromAShell(aws, server.endpoint, buckets)).resolves.toBeUndefined()
    await quiet(server)
    expect(server.load).toMatchObject({ connections: 0, sessions: 0, requests: 0 })
  })
})
