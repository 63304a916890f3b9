/** A record that cannot become rows. It never leaves the conversion. */
export class Misfit extends Error {
  override readonly name = 'Misfit'
  /** As AWS has them in `lastErrorCode`. */
  readonly code: 'DataFormatConversion.ParseError' | 'DataFormatConversion.MalformedData'

  constructor(code: Misfit['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** It is no JSON, or not an object. */
export function malformedJson(why: string): Misfit {
  return new Misfit('DataFormatConversion.ParseError', `Encountered malformed JSON. ${why}`)
}

/** Its values are not those of the columns. */
export function malformedData(why: string): Misfit {
  return new Misfit('DataFormatConversion.MalformedData', `Data does not match the schema. ${why}`)
}
