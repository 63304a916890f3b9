import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { keyringOf } from '../../src/server/credential-options.ts'
import { readCredentialsFile } from '../../src/server/credentials-file.ts'

const secretAccessKey = 'tell-nobody-what-this-is'
const right = { accessKeyId: 'reader', secretAccessKey, policy: [{ allow: 'read', streams: 'clicks*' }] }

const wrong: readonly (readonly [unknown, string])[] = [
  [undefined, 'credentials'],
  [{}, 'credentials'],
  [[], 'credentials'],
  [['reader'], 'credentials[0]'],
  [[right, { ...right, accessKeyId: 'a b' }], 'credentials[1].accessKeyId'],
  [[{ ...right, accessKeyId: 'abc' }], 'credentials[0].accessKeyId'],
  [[{ ...right, accessKeyId: 1 }], 'credentials[0].accessKeyId'],
  [[right, right], 'credentials[1].accessKeyId'],
  [[{ ...right, secretAccessKey: undefined }], 'credentials[0].secretAccessKey'],
  [[{ ...right, secretAccessKey: 'tell-nobody' }], 'credentials[0].secretAccessKey'],
  [[{ ...right, secretAccessKey: 'tell-nobody-and write' }], 'credentials[0].secretAccessKey'],
  [[{ ...right, sessionToken: '' }], 'credentials[0].sessionToken'],
  [[{ ...right, sessionToken: 'tell-nobody\n' }], 'credentials[0].sessionToken'],
  [[{ ...right, expiresAt: 'tomorrow' }], 'credentials[0].expiresAt'],
  [[{ ...right, expiresAt: '2026-13-01T00:00:00Z' }], 'credentials[0].expiresAt'],
  [[{ ...right, account: 123456789012 }], 'credentials[0].account'],
  [[{ ...right, account: '123' }], 'credentials[0].account'],
  [[{ ...right, policy: undefined }], 'credentials[0].policy'],
  [[{ ...right, policy: [] }], 'credentials[0].policy'],
  [[{ ...right, policy: [{ allow: 'all', streams: '*' }] }], 'credentials[0].policy[0].allow'],
  [[{ ...right, policy: [{ allow: 'read', streams: '' }] }], 'credentials[0].policy[0].streams'],
  [[{ ...right, policy: [{ allow: 'read', streams: 'a?' }] }], 'credentials[0].policy[0].streams'],
  [[{ ...right, policy: [{ allow: 'read' }] }], 'credentials[0].policy[0].streams'],
]

/** What it says, wherever it says it. */
function allOf(error: unknown): string {
  const { message, stack, details } = error as Error & { details: unknown }
  return `${message} ${stack} ${JSON.stringify(details)}`
}

describe('credentials', () => {
  it.each(wrong)(
    'of %j are refused by the name of the field %s, and show no secret',
    (credentials, field) => {
      let refusal: unknown
      try {
        keyringOf(credentials)
      } catch (error) {
        refusal = error
      }
      expect(refusal).toMatchObject({ code: 'ERR_MILLRACE_INVALID_ARGUMENT', details: { field } })
      expect(allOf(refusal)).not.toContain('tell-nobody')
    },
  )

  it.each([
    [{ ...right, secret: 'tell-nobody-either' }, 'secret'],
    [{ ...right, policy: [{ allow: 'read', streams: '*', deny: 'b' }] }, 'deny'],
  ])('with a key that is not known are refused by its name', (credential, option) => {
    expect(() => keyringOf([credential])).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_UNKNOWN_OPTION',
        details: expect.objectContaining({ option }),
      }),
    )
  })

  const astray = 'tell-nobody/what+this='
  it.each<[string, unknown]>([
    ['in place of a credential', astray],
    ['as the id', { ...right, accessKeyId: astray }],
    ['as the account', { ...right, account: astray }],
    ['as the end', { ...right, expiresAt: astray }],
    ['as the policy', { ...right, policy: astray }],
    ['in place of a grant', { ...right, policy: [astray] }],
    ['as an access', { ...right, policy: [{ allow: astray, streams: '*' }] }],
    ['as a pattern', { ...right, policy: [{ allow: 'read', streams: astray }] }],
    ['as a key', { ...right, [astray]: '' }],
    ['as a key of letters', { ...right, tellnobodywhatthisis: '' }],
    ['as a key of a grant', { ...right, policy: [{ allow: 'read', streams: '*', 'tell-nobody9': 1 }] }],
  ])('show no secret that stands %s', (_where, credential) => {
    let refusal: unknown
    try {
      keyringOf([right, credential])
    } catch (error) {
      refusal = error
    }
    expect(refusal).toMatchObject({ message: expect.stringContaining('credentials[1]') as unknown })
    expect(allOf(refusal)).not.toMatch(/tell-?nobody/)
  })

  it.each(['secret', 'role_arn', 'secret_access_key', 'AWS_SECRET_ACCESS_KEY', 'AccessKeyId', 'expiry'])(
    'tell the key %s, which is a name',
    (key) => {
      expect(() => keyringOf([{ ...right, [key]: 'tell-nobody' }])).toThrow(`"${key}" is not known`)
    },
  )

  it('are known by their ids', () => {
    expect(keyringOf([right]).get('reader')?.isSecret(secretAccessKey)).toBe(true)
    expect(keyringOf([right]).get('nobody')).toBeUndefined()
  })
})

async function fileOf(text: string, mode = 0o600): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-credentials-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'credentials.json')
  await writeFile(file, text)
  await chmod(file, mode)
  return file
}

describe('a file of credentials', () => {
  it('is read', async () => {
    const file = await fileOf(JSON.stringify([right]))
    await expect(readCredentialsFile(file)).resolves.toEqual({ credentials: [right], warning: undefined })
  })

  it.each([0o644, 0o640, 0o604])('that others can read, with mode %o, is warned of', async (mode) => {
    const file = await fileOf(JSON.stringify([right]), mode)
    expect((await readCredentialsFile(file)).warning).toContain(`mode ${mode.toString(8)}`)
  })

  it.each([
    ['is cut off', JSON.stringify([right]).slice(0, 60)],
    ['is no JSON', secretAccessKey],
    ['has a wrong field', JSON.stringify([{ ...right, account: 1 }])],
  ])('that %s is refused by its name, and none of it is shown', async (_what, text) => {
    const file = await fileOf(text)
    const refusal = await readCredentialsFile(file).catch((error: unknown) => error)
    expect(refusal).toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      message: expect.stringContaining(file) as unknown,
    })
    expect(allOf(refusal)).not.toContain('tell-nobody')
  })

  it("that is not there is the system's error", async () => {
    await expect(readCredentialsFile('/nowhere/credentials.json')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
