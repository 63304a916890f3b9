/**
 * A user's program of jq as it is run over many records at once: each is an input `[place, record]`, and has exactly one
 * line of output, which begins with its place. `[place, 0, result]` is a result, `[place, 1, text]` says why there is none.
 */

/** AWS's limit of the parameter that a program is (`ProcessorParameterValue`). Characters. */
export const programLengthMax = 5120

/** Of results, and so of lines that say what one is. A line that is longer is no result. Bytes. */
export const resultBytesMax: number = 64 * 1024

/** Nesting of records that a program can read: jq's own limit is one more, and the place takes one. */
export const recordDepthMax = 255

/**
 * What a program must not reach: other records (`input`, `inputs`), the end of the run (`halt`), the outputs that results
 * are read from (`debug`, `stderr`) and an environment, which is not the user's.
 */
const shadows = [
  'def input: error("a query sees one record only");',
  'def inputs: empty;',
  'def debug: .;',
  'def debug(f): .;',
  'def stderr: .;',
  'def halt: error("a query cannot end the program");',
  'def halt_error: halt;',
  'def halt_error(f): halt;',
  'def input_filename: null;',
  'def input_line_number: 0;',
  'def env: {};',
].join(' ')

/** Of the results, of which two are enough to know that they are too many. */
const verdict = `
  if length == 0 then [1, "The query has no result"]
  elif length > 1 then [1, "The query has more than one result"]
  elif (.[0] | type) != "object" then [1, "The result of the query is no object but of type \\(.[0] | type)"]
  elif any(.[0][]; type == "object" or type == "array") then [1, "The result of the query has values that are objects or arrays"]
  elif any(.[0][]; . == null or . == "") then [1, "partitionKeys values must not be null or empty"]
  else [0, .[0]] end`

const reason = 'if type == "string" then . else tojson end | .[:1000]'

/** The lines around `program` keep a comment at its end, even one that goes on with a backslash, to itself. */
export function wrapped(program: string): string {
  return `${shadows} .[0] as $place | .[1] | {} as $ENV
| [$place] + (try ([limit(2; (
${program}

))] | ${verdict}) catch [1, (${reason})])`
}
