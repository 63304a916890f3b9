/**
 * How many values one request may have. Twenty MiB of empty lists would be twenty million objects, gigabytes of them and a
 * minute in which nobody else is answered.
 */
import { serializationFault } from './fault.ts'

/**
 * Values of one request, names of members and pieces of strings in CBOR among them: no operation has use for a tenth of
 * it. AWS says nothing of such a bound.
 */
export const valuesMax: number = 64 * 1024

/** What is said of more. */
export function tooManyValues(): Error {
  return serializationFault(`the request body has more than ${valuesMax} values`)
}

/**
 * Refuses a text in JSON that would have too many values, before it is parsed. Each begins behind a comma or a bracket, or
 * is the whole text.
 *
 * @throws `SerializationException`
 */
export function requireFewValues(text: string): void {
  // A value takes two characters at least.
  if (text.length < 2 * valuesMax) return
  let left = valuesMax - 1
  for (const mark of ['{', '[', ',']) {
    for (let at = text.indexOf(mark); at >= 0 && left >= 0; at = text.indexOf(mark, at + 1)) left -= 1
  }
  // Those in texts were counted, too: now each character is looked at.
  if (left < 0 && marksOutsideTexts(text) >= valuesMax) throw tooManyValues()
}

/** Commas and opening brackets of the document itself; stops counting when there are too many. */
function marksOutsideTexts(text: string): number {
  let marks = 0
  let inText = false
  for (let at = 0; at < text.length && marks < valuesMax; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        inText = !inText
        break
      case 0x5c:
        at += 1
        break
      case 0x2c:
      case 0x5b:
      case 0x7b:
        if (!inText) marks += 1
        break
      default:
    }
  }
  return marks
}
