import type { WorkAnswer } from '../work.ts'

/** Zstandard's own default. */
const level = 3

/** In a helper thread: makes a frame of some bytes. */
export async function work(bytes: Uint8Array): Promise<WorkAnswer> {
  const { Zstd } = await import('@hpcc-js/wasm-zstd')
  const zstd = await Zstd.load()
  const frame = zstd.compress(bytes, level)
  return { answer: frame, transfer: [frame.buffer as ArrayBuffer] }
}
