import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

interface WasmMemory {
  readonly buffer: ArrayBuffer
}

interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>
}

/** What is used of WebAssembly, which the declarations of Node leave to those of browsers. */
interface Wasm {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: Imports) => WasmInstance
  readonly Memory: new () => WasmMemory
  readonly RuntimeError: new () => Error
}

const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly: Wasm }

/** What of the package is used: a function that makes an instance of jq. */
type Factory = (overrides: {
  instantiateWasm(info: Imports, receive: (instance: WasmInstance) => void): WasmInstance['exports']
}) => Promise<{ callMain(args: string[]): number }>

type Callable = (...values: number[]) => number
type Imports = Readonly<Record<string, Readonly<Record<string, Callable>>>>

/** What a run may have. Bytes. */
const memoryMax = 64 * 1024 * 1024
/** Of what jq complains about, more is not kept. Bytes. */
const complaintBytesMax = 4096

/** One run of jq. */
export interface JqRun {
  /** That of the process: 0 is well, 3 is a program that does not compile. `undefined`: it was stopped. */
  readonly status: number | undefined
  /** What it wrote to its standard error, the beginning; or why it was stopped. */
  readonly complaint: string
}

/** Thrown through WebAssembly. */
class Stopped extends Error {}

/**
 * jq 1.7.1 as WebAssembly, from the package jq-wasm. Each run has an instance of its own, so that nothing of one is left
 * to the next, whatever happened to it. The package's own functions hand bytes over one by one, each with a copy of all
 * before it, and keep one instance for ever: here the two calls that read and write, and the one that grows memory, are ours.
 */
export class Jq {
  readonly #factory: Factory
  readonly #module: object

  /** Compiles: about 20 ms. */
  constructor() {
    const require = createRequire(import.meta.url)
    const file = require.resolve('jq-wasm/dist/build/jq.js')
    const [, binary] =
      /"data:application\/octet-stream;base64,([^"]+)"/.exec(readFileSync(file, 'latin1')) ?? []
    if (binary === undefined) throw new Error(`${file} holds no WebAssembly`)
    this.#module = new wasm.Module(Buffer.from(binary, 'base64'))
    this.#factory = require(file) as Factory
  }

  /**
   * Runs a program over the JSON values in `input`. It may run for ever: whoever calls is in a thread that can be ended.
   *
   * @param onOutput told what is written to the standard output, line by line or in larger pieces; to keep it is to copy it
   */
  async run(program: string, input: Uint8Array, onOutput: (piece: Uint8Array) => void): Promise<JqRun> {
    const complaint = new Beginning(complaintBytesMax)
    const files = new Files(input, (fd, piece) => (fd === 1 ? onOutput(piece) : complaint.add(piece)))
    const instantiateWasm = (
      info: Imports,
      receive: (made: WasmInstance) => void,
    ): WasmInstance['exports'] => {
      const given = Object.entries(info['a'] ?? {}).map(([name, own]) => [name, files.instead(own)])
      const instance = new wasm.Instance(this.#module, { a: Object.fromEntries(given) })
      files.memory = memoryOf(instance)
      receive(instance)
      return instance.exports
    }
    try {
      const jq = await this.#factory({ instantiateWasm })
      const status = jq.callMain(['-M', '-c', program])
      return { status, complaint: complaint.text }
    } catch (error) {
      if (error instanceof Stopped) return { status: undefined, complaint: error.message }
      if (error instanceof RangeError) return { status: undefined, complaint: 'values are nested too deeply' }
      if (!(error instanceof wasm.RuntimeError)) throw error
      return { status: undefined, complaint: `jq broke down: ${error.message}` }
    }
  }
}

function memoryOf(instance: WasmInstance): WasmMemory {
  const memory = Object.values(instance.exports).find((each) => each instanceof wasm.Memory)
  if (memory === undefined) throw new Error('jq-wasm exports no memory')
  return memory
}

/** The calls of one instance to the system that matter here; the package answers the others. */
class Files {
  memory: WasmMemory | undefined
  readonly #input: Uint8Array
  readonly #write: (fd: number, piece: Uint8Array) => void
  #at = 0

  constructor(input: Uint8Array, write: (fd: number, piece: Uint8Array) => void) {
    this.#input = input
    this.#write = write
  }

  /** What an instance is given instead of a function of the package. The names of these survive in it. */
  instead(own: Callable): Callable {
    switch (own.name) {
      case '_fd_read':
        return (_fd, vectors, count, total) => this.#each(vectors, count, total, (space) => this.#read(space))
      case '_fd_write':
        return (fd, vectors, count, total) =>
          this.#each(vectors, count, total, (piece) => {
            this.#write(Number(fd), piece)
            return piece.length
          })
      case '_emscripten_resize_heap':
        return (bytes) => (Number(bytes) >>> 0 > memoryMax ? 0 : own(Number(bytes)))
      case '__abort_js':
      case '___assert_fail':
        return () => {
          throw new Stopped('it needs more memory than it may have')
        }
      default:
        return own
    }
  }

  #read(space: Uint8Array): number {
    const piece = this.#input.subarray(this.#at, this.#at + space.length)
    space.set(piece)
    this.#at += piece.length
    return piece.length
  }

  /** Goes through the pieces of memory of a call that reads or writes, until one is not used up. */
  #each(vectors = 0, count = 0, total = 0, use: (piece: Uint8Array) => number): number {
    const buffer = (this.memory as WasmMemory).buffer
    const view = new DataView(buffer)
    let sum = 0
    for (let at = vectors; at < vectors + 8 * count; at += 8) {
      const length = view.getUint32(at + 4, true)
      const used = use(new Uint8Array(buffer, view.getUint32(at, true), length))
      sum += used
      if (used < length) break
    }
    view.setUint32(total, sum, true)
    return 0
  }
}

/** Keeps the beginning of what is written. */
class Beginning {
  readonly #pieces: Uint8Array[] = []
  #left: number

  constructor(bytesMax: number) {
    this.#left = bytesMax
  }

  add(piece: Uint8Array): void {
    const kept = piece.slice(0, this.#left)
    this.#left -= kept.length
    if (kept.length > 0) this.#pieces.push(kept)
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString()
  }
}
