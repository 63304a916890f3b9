/** The code of what a call throws or rejects with, its class without one (`TypeError`); `none` when it works. */
export async function outcomeOf(run: () => unknown): Promise<string> {
  try {
    await run()
    return 'none'
  } catch (error) {
    const { code, name } = error as { readonly code?: string; readonly name?: string }
    return code ?? name ?? 'no error'
  }
}
