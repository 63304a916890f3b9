import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
// @ts-expect-error -- a program of plain JavaScript, without declarations
import { mutants } from './mutants.mjs'

describe('the planted bugs', () => {
  it.each(mutants as { file: string; from: string }[])(
    '$name: its words are found once',
    ({ file, from }) => {
      const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8')
      expect(text.split(from)).toHaveLength(2)
    },
  )
})
