import { expect, it } from 'vitest'
import { filesBelow } from '../tidy/checkout.ts'

it("nothing of src/ imports the AWS SDK: it is the user's own", () => {
  const files = filesBelow('src').filter(({ path }) => path.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(100)
  expect(files.filter(({ text }) => /from '@(?:aws-sdk|smithy)\//.test(text))).toEqual([])
})
