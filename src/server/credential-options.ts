import { Credential } from '../aws/credential.ts'
import { Keyring } from '../aws/keyring.ts'
import type { Access, Grant } from '../aws/policy.ts'
import { MillraceError } from '../errors.ts'

const known = ['accessKeyId', 'secretAccessKey', 'sessionToken', 'expiresAt', 'account', 'policy'] as const
const accesses: readonly Access[] = ['read', 'write', 'admin']
const secretCharacters = { min: 16, max: 256 }

/**
 * Checks credentials, and knows them. Messages name the field and the rule, never a value: whatever stands there may be a
 * secret that went astray.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
 */
export function keyringOf(credentials: unknown): Keyring {
  if (!Array.isArray(credentials) || credentials.length === 0) {
    throw ruleBroken('credentials', 'a list of at least one credential')
  }
  const checked = credentials.map((value: unknown, index) => credentialOf(`credentials[${index}]`, value))
  const ids = new Set<string>()
  for (const [index, { accessKeyId }] of checked.entries()) {
    if (ids.has(accessKeyId)) {
      throw ruleBroken(`credentials[${index}].accessKeyId`, 'in no other credential')
    }
    ids.add(accessKeyId)
  }
  return new Keyring(checked)
}

function credentialOf(where: string, value: unknown): Credential {
  const fields = fieldsOf(where, value, known)
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt, account, policy } = fields
  return new Credential({
    accessKeyId: requireText(
      `${where}.accessKeyId`,
      accessKeyId,
      /^\w{4,128}$/,
      '4 to 128 letters, digits and underscores',
    ),
    secretAccessKey: requireSecret(`${where}.secretAccessKey`, secretAccessKey, secretCharacters.min),
    sessionToken:
      sessionToken === undefined ? undefined : requireSecret(`${where}.sessionToken`, sessionToken, 1, 4096),
    expiresAt: expiresAt === undefined ? undefined : requireTime(`${where}.expiresAt`, expiresAt),
    account:
      account === undefined
        ? undefined
        : requireText(`${where}.account`, account, /^\d{12}$/, 'twelve digits, as a string'),
    policy: policyOf(`${where}.policy`, policy),
  })
}

function policyOf(where: string, value: unknown): readonly Grant[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw ruleBroken(where, 'a list of at least one { allow, streams }')
  }
  return value.map((grant: unknown, index) => {
    const place = `${where}[${index}]`
    const { allow, streams } = fieldsOf(place, grant, ['allow', 'streams'])
    return {
      allow: requireAccess(`${place}.allow`, allow),
      streams: requireText(
        `${place}.streams`,
        streams,
        /^[a-zA-Z0-9_.*-]{1,128}$/,
        'a name of a stream in which * stands for any characters',
      ),
    }
  })
}

/** The fields of an object that has no others. */
function fieldsOf<Field extends string>(
  where: string,
  value: unknown,
  fields: readonly Field[],
): Readonly<Partial<Record<Field, unknown>>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw ruleBroken(where, 'an object')
  const other = Object.keys(value).find((key) => !(fields as readonly string[]).includes(key))
  if (other === undefined) return value as Readonly<Partial<Record<Field, unknown>>>
  const option = looksLikeName(other) ? other : undefined
  throw new MillraceError(
    'ERR_MILLRACE_UNKNOWN_OPTION',
    `${where}: ${option === undefined ? 'a key' : JSON.stringify(option)} is not known; known are ${fields.join(', ')}`,
    { details: { option, known: fields } },
  )
}

/** Whether a key is one that somebody may have believed in: too short for a secret, or a known name spelt another way. */
function looksLikeName(key: string): boolean {
  if (!/^[a-z][a-z_-]{0,31}$/i.test(key)) return false
  const spelt = key.toLowerCase().replace(/[_-]/g, '')
  return key.length < secretCharacters.min || known.some((name) => spelt.includes(name.toLowerCase()))
}

function requireText(field: string, value: unknown, pattern: RegExp, rule: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value
  throw ruleBroken(field, rule)
}

function requireAccess(field: string, value: unknown): Access {
  const access = accesses.find((each) => each === value)
  if (access !== undefined) return access
  throw ruleBroken(field, accesses.map((word) => `'${word}'`).join(' or '))
}

/** Visible characters of ASCII: what a header can hold. */
function requireSecret(field: string, value: unknown, min: number, max = secretCharacters.max): string {
  if (
    typeof value === 'string' &&
    value.length >= min &&
    value.length <= max &&
    /^[\x21-\x7e]+$/.test(value)
  ) {
    return value
  }
  throw ruleBroken(field, `text of ${min} to ${max} visible characters of ASCII`)
}

function requireTime(field: string, value: unknown): string {
  const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/
  if (typeof value === 'string' && pattern.test(value) && !Number.isNaN(Date.parse(value))) return value
  throw ruleBroken(field, 'a time such as 2026-01-31T12:00:00Z')
}

/** `ERR_MILLRACE_INVALID_ARGUMENT` for what had better not be shown. */
function ruleBroken(field: string, rule: string): MillraceError {
  return new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', `${field} must be ${rule}`, {
    details: { field, rule },
  })
}
