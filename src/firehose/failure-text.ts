/** A text becomes part of lines, rows and messages: of a longer one this much is kept, characters. */
const textMax = 1000

/**
 * What is told of a failure. Programs of users throw anything: nothing, what is no error, what throws when somebody looks
 * at it. Never empty, never throws.
 */
export function failureText(thrown: unknown): string {
  try {
    const { message } = Object(thrown) as { readonly message?: unknown }
    const text = message === undefined || message === '' ? String(thrown) : String(message)
    return text === '' ? 'it has no text' : text.slice(0, textMax)
  } catch {
    return 'it has no text'
  }
}
