// Lays out every source file of ours in place: oxfmt for TypeScript, JavaScript and JSON, clang-format for
// C++.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { available, clangFormat, nativeSources, root } from './native-sources.mjs'

const oxfmt = spawnSync(process.execPath, [join(root, 'node_modules/oxfmt/bin/oxfmt'), '.'], {
  cwd: root,
  stdio: 'inherit',
})
if (oxfmt.status !== 0) process.exitCode = 1

if (!available(clangFormat)) process.exitCode = 1
else if (
  spawnSync(clangFormat, ['-i', ...nativeSources(['native', 'bench'])], { cwd: root, stdio: 'inherit' })
    .status !== 0
)
  process.exitCode = 1
