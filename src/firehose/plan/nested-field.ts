import { MillraceError } from '../../errors.ts'

/** Makes a call whose errors name a field of something; they then say of what, too. */
export function within<T>(where: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    const field = error instanceof MillraceError ? error.details['field'] : undefined
    if (!(error instanceof MillraceError) || typeof field !== 'string') throw error
    throw new MillraceError(error.code, `${where}.${error.message}`, {
      cause: error.cause ?? error,
      details: { ...error.details, field: `${where}.${field}` },
    })
  }
}
