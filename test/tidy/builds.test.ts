import { expect, it } from 'vitest'
import { cmakeFolders, gypFolders } from './builds.ts'

it('reads the folders of a CMake glob, and not those of the tests', () => {
  const text = `file(GLOB core_sources CONFIGURE_DEPENDS native/engine/*.cc)
    file(GLOB test_sources CONFIGURE_DEPENDS native/test/*.cc)`
  expect(cmakeFolders(text)).toEqual(['native/engine'])
})

it('reads the folders of a gyp expression', () => {
  expect(
    gypFolders(`"<!@(node -p \\"['core','extra'].flatMap(d => fs.readdirSync('native/'+d).filter(…))\\")"`),
  ).toEqual(['native/core', 'native/extra'])
})

it('answers nothing for a list it does not understand', () => {
  expect(cmakeFolders('add_library(millrace a.cc)')).toEqual([])
  expect(gypFolders('"sources": ["a.cc"]')).toEqual([])
})
