/**
 * The folder below `prebuilds/` whose binary suits this machine: `linux-x64`, `linux-arm64-musl`, `darwin-arm64`.
 * Takes milliseconds on Linux, so it is asked only when a binary has to be found there.
 */
export function platformFolder(): string {
  return `${process.platform}-${process.arch}${usesMusl() ? '-musl' : ''}`
}

/** Whether the C library is musl: binaries linked with glibc do not load there. */
function usesMusl(): boolean {
  if (process.platform !== 'linux') return false
  const { header } = process.report.getReport() as {
    readonly header: { readonly glibcVersionRuntime?: string }
  }
  return header.glibcVersionRuntime === undefined
}
