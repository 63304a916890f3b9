// What a writer tells whoever may kill it: lines of JSON through a pipe, each written before the next call to the store
// is made. What was written stays in the pipe when the process dies.
import { writeSync } from 'node:fs'

const pipe = 4

/** @param {readonly unknown[]} line an event's name, and its facts */
export function report(...line) {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(pipe, bytes, at)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error // the reader is behind
    }
  }
}
