import { describe, expect, it } from 'vitest'
import { layers, wrongInclude, wrongWay } from './direction.ts'

const importing = (path: string, target: string): { path: string; text: string } => ({
  path,
  text: `// what this is for\nimport { x } from '${target}'\n`,
})

describe('direction of src/', () => {
  it.each([
    ['src/streams/store.ts', '../log/log.ts'],
    ['src/streams/store.ts', '../meta/meta.ts'],
    ['src/streams/store.ts', '../errors.ts'],
    ['src/streams/store.ts', './shard.ts'],
    ['src/log/native-log.ts', '../native/load.ts'],
    ['src/open.ts', '../src/log/native-log.ts'],
    ['src/cli/commands/tail.ts', '../../index.ts'],
    ['src/lambda/event-source.ts', '../consumer/consumer.ts'],
  ])('lets %s import %s', (path, target) => {
    expect(wrongWay(importing(path, target))).toEqual([])
  })

  it.each([
    ['src/streams/store.ts', '../log/native-log.ts'],
    ['src/streams/store.ts', '../meta/meta-log.ts'],
    ['src/streams/store.ts', '../native/load.ts'],
    ['src/streams/store.ts', '../open.ts'],
    ['src/log/log.ts', './native-log.ts'],
    ['src/errors.ts', './streams/store.ts'],
    ['src/native/load.ts', '../log/native-log.ts'],
    ['src/producer/producer.ts', '../consumer/consumer.ts'],
    ['src/aws/index.ts', '../server/server.ts'],
    ['src/console/page.ts', '../errors.ts'],
    ['src/index.ts', './cli/main.ts'],
  ])('does not let %s import %s', (path, target) => {
    expect(wrongWay(importing(path, target))).toHaveLength(1)
  })

  it.each([
    "export { x } from '../log/native-log.ts'",
    "import type { X } from '../log/native-log.ts'",
    "import '../log/native-log.ts'",
    "const x = import('../log/native-log.ts')",
    "import {\n  a,\n  b,\n} from '../log/native-log.ts'",
  ])('sees %s', (text) => {
    expect(wrongWay({ path: 'src/streams/store.ts', text })).toHaveLength(1)
  })

  it('does not read comments', () => {
    expect(wrongWay({ path: 'src/streams/store.ts', text: "// import '../log/native-log.ts'" })).toEqual([])
  })

  it('refuses a file that belongs to no layer', () => {
    expect(wrongWay({ path: 'src/surprise.ts', text: '' })).toHaveLength(1)
  })

  it('has no cycle of layers', () => {
    const visit = (name: string, above: readonly string[]): void => {
      expect(above).not.toContain(name)
      for (const below of layers.find((layer) => layer.name === name)?.mayImport ?? [])
        visit(below, [...above, name])
    }
    for (const { name } of layers) visit(name, [])
  })

  it('names only layers that exist', () => {
    const names = layers.map((layer) => layer.name)
    for (const layer of layers) for (const name of layer.mayImport) expect(names).toContain(name)
  })
})

describe('direction of native/', () => {
  it.each([
    ['native/core/frame.cc', '#include "core/frame.h"'],
    ['native/core/frame.cc', '#include <vector>'],
    ['native/core/mapping_posix.cc', '#include <sys/mman.h>'],
    ['native/binding/addon.cc', '#include <napi.h>'],
    ['native/binding/addon.cc', '#include "core/frame.h"'],
    ['native/test/frame_test.cc', '#include "test/test.h"'],
  ])('lets %s %s', (path, text) => {
    expect(wrongInclude({ path, text })).toEqual([])
  })

  it.each([
    ['native/core/frame.cc', '#include <napi.h>'],
    ['native/core/frame.cc', '# include <node_api.h>'],
    ['native/core/frame.cc', '#include <v8.h>'],
    ['native/core/frame.cc', '#include <uv.h>'],
    ['native/core/frame.cc', '#include "binding/convert.h"'],
    ['native/core/frame.cc', '#include "frame.h"'],
    ['native/core/frame.cc', '#include "../binding/convert.h"'],
    ['native/binding/addon.cc', '#include "test/test.h"'],
    ['native/test/frame_test.cc', '#include "binding/convert.h"'],
    ['native/test/frame_test.cc', '#include "napi.h"'],
    ['native/other/frame.cc', ''],
  ])('does not let %s %s', (path, text) => {
    expect(wrongInclude({ path, text })).toHaveLength(1)
  })
})
