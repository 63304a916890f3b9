/** The folders whose C++ files CMake compiles into the addon. */
export function cmakeFolders(cmakeLists: string): string[] {
  return [...cmakeLists.matchAll(/file\(GLOB (?:core|binding)_sources CONFIGURE_DEPENDS (\S+)\/\*\.cc\)/g)]
    .map((match) => match[1] ?? '')
    .toSorted()
}

/** The folders whose C++ files node-gyp compiles into the addon. */
export function gypFolders(bindingGyp: string): string[] {
  const list = /\[([^\]]*)\]\.flatMap\(d => fs\.readdirSync\('native\/'\+d\)/.exec(bindingGyp)?.[1] ?? ''
  return [...list.matchAll(/'([^']+)'/g)].map((match) => `native/${match[1] ?? ''}`).toSorted()
}
