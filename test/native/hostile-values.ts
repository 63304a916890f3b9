/** What a hostile caller passes, straight into the addon. */
import { Column, noHashKey } from '../../src/log/log.ts'
import { PageField } from '../../src/native/addon.ts'

/** A view whose memory has gone to somebody else. */
export function detached<T extends ArrayBufferView>(view: T): T {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] })
  return view
}

/** A call of a native method as a hostile caller writes it. */
export function call(target: object, method: string, args: readonly unknown[]): unknown {
  return (Reflect.get(target, method) as (...values: readonly unknown[]) => unknown).apply(target, [...args])
}

/** Valid arguments of `append` for one record of two bytes. */
export function appendArguments(): unknown[] {
  const columns = Uint32Array.of(0, 1, 1, 1, noHashKey, 0)
  return [
    Buffer.from('kd'),
    columns,
    Uint32Array.of(0),
    0,
    1,
    1_000,
    new Float64Array(1),
    new Float64Array(1),
  ]
}

/** Valid arguments of a direct appender's `append`. */
export function directArguments(): unknown[] {
  return ['k', Buffer.from('d'), 1_000, 1_024]
}

/** Valid arguments of `createDirectAppender`, with two ranges. */
export function directAppenderArguments(): [Uint8Array, Float64Array] {
  return [Buffer.alloc(32).fill(0x80, 16), new Float64Array(new SharedArrayBuffer(16))]
}

/** Valid arguments of `read` for a page of ten records. */
export function readArguments(): unknown[] {
  const header = new Float64Array(PageField.count)
  const columns = new Uint32Array(10 * Column.stride)
  return [1, 1_000, 10, new Uint8Array(1_000), columns, new Float64Array(10), new Float64Array(10), header]
}

/** Not a number. */
export const noNumbers: readonly unknown[] = [Number.NaN, '1', 1n, null, undefined, {}, Symbol('one'), [1]]

/** Not a count: nothing between 0 and 2^32. */
export const noCounts: readonly unknown[] = [
  ...noNumbers,
  -1,
  0.5,
  2 ** 32,
  2 ** 53,
  Number.POSITIVE_INFINITY,
]

/** Not a typed array. */
export const noArrays: readonly unknown[] = [
  undefined,
  null,
  1,
  'text',
  {},
  [1, 2],
  new ArrayBuffer(8),
  new DataView(new ArrayBuffer(8)),
]

/** Not a `Uint32Array`. */
export const noUint32s: readonly unknown[] = [
  ...noArrays,
  new Uint8Array(64),
  new Int32Array(64),
  new Float64Array(64),
]

/** Not a `Float64Array`. */
export const noFloat64s: readonly unknown[] = [
  ...noArrays,
  new Uint8Array(64),
  new Float32Array(64),
  new BigUint64Array(64),
]

/** Not a `Uint8Array`. */
export const noUint8s: readonly unknown[] = [
  ...noArrays,
  new Uint8ClampedArray(64),
  new Int8Array(64),
  new Uint16Array(64),
]

/** Each argument replaced in turn, and every tail of the arguments left out. */
export function spoiled(valid: () => unknown[], bad: readonly (readonly unknown[])[]): unknown[][] {
  const replaced = bad.flatMap((values, index) => values.map((value) => valid().with(index, value)))
  const short = valid().map((_, length) => valid().slice(0, length))
  return [...replaced, ...short]
}
