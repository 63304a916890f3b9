import { expect, it } from 'vitest'
import { sharedNames } from './own-names.ts'

const file = (path: string, ...lines: readonly string[]): { path: string; text: string } => ({
  path,
  text: ['namespace millrace {', 'namespace {', ...lines, '}  // namespace', 'int shared();', '}'].join('\n'),
})

it.each([
  'bool same(const Slot& a, const Slot& b) noexcept {',
  'constexpr std::uint64_t kPieceBytes = 16 * kMiB;',
  '[[gnu::cold]] inline Error corrupt(std::string what) {',
  'using Page = std::array<std::byte, 4096>;',
  'struct Order {',
  'class Walk final : public Visitor {',
])('refuses that two files of a folder declare: %s', (line) => {
  expect(sharedNames([file('native/core/a.cc', line), file('native/core/b.cc', line)])).toHaveLength(1)
})

it('refuses overloads, between which the compiler would choose', () => {
  const files = [
    file('native/core/a.cc', 'int at(int place) {'),
    file('native/core/b.cc', 'int at(long place) {'),
  ]
  expect(sharedNames(files)[0]).toMatch(/^native\/core\/b\.cc: at is also a name of native\/core\/a\.cc/)
})

it('minds no other folder, no kernel, no member, and nothing outside of an anonymous namespace', () => {
  const line = 'int at(int place) {'
  const files = [
    file('native/core/a.cc', line, '  int inside(int place) {'),
    file('native/binding/a.cc', line),
    file('native/core/crc32c_sse42.cc', line),
    file('native/core/c.cc', '  int inside(int place) {'),
  ]
  expect(sharedNames(files)).toEqual([])
})
