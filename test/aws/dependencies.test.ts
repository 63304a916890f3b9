import { expect, it } from 'vitest'
import { filesBelow } from '../tidy/checkout.ts'

it("nothing of src/ imports the AWS SDK but its types, where something talks to AWS itself: it is the user's own", () => {
  const files = filesBelow('src').filter(({ path }) => path.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(100)
  const imports = /^(?:import|export)\b(?! type\b)[^;'"]*from '@(?:aws-sdk|smithy)\//m
  expect(files.filter(({ text }) => imports.test(text))).toEqual([])
  const typed = files.filter(({ text }) => /'@(?:aws-sdk|smithy)\//.test(text))
  const talking =
    /^src\/(cli\/(endpoint\/|commands\/reshard\.ts)|firehose\/(destinations\/s3|sources\/endpoint))/
  expect(typed.filter(({ path }) => !talking.test(path))).toEqual([])
})
