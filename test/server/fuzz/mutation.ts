import type { Chance } from './chance.ts'

const edges = [
  '-1',
  '0',
  '1',
  '18446744073709551616',
  '0x10',
  '4294967295',
  '1e3',
  ' 2',
  '+2',
  '',
  'ffffffffffffffffff',
]

/** Bytes of chance. */
export function noise(random: Chance, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => random.bits() & 0xff))
}

/** Does to bytes what lines and hostile people do: a few changes of every kind. */
export function mutated(bytes: Buffer, random: Chance): Buffer {
  let changed = bytes
  for (let left = random.between(1, 4); left > 0 && changed.length > 0; left--)
    changed = once(changed, random)
  return changed
}

function once(bytes: Buffer, random: Chance): Buffer {
  const from = random.between(0, bytes.length - 1)
  const to = Math.min(bytes.length, from + random.between(1, 40))
  const piece = bytes.subarray(from, to)
  switch (random.between(0, 6)) {
    case 0: {
      const flipped = Buffer.from(bytes)
      flipped[from] = (flipped[from] as number) ^ (1 << random.between(0, 7))
      return flipped
    }
    case 1:
      return bytes.subarray(0, from)
    case 2:
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
    case 3:
      return Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)])
    case 4:
      return Buffer.concat([
        bytes.subarray(0, from),
        noise(random, random.between(1, 20)),
        bytes.subarray(to),
      ])
    case 5: {
      const at = random.between(0, bytes.length)
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
    }
    default:
      return otherNumber(bytes, from, random)
  }
}

/** Another number in the place of the next one in the text. */
function otherNumber(bytes: Buffer, from: number, random: Chance): Buffer {
  const found = /\d+/.exec(bytes.subarray(from, from + 400).toString('latin1'))
  if (found === null) return bytes
  const at = from + found.index
  const edge = Buffer.from(random.pick(edges))
  return Buffer.concat([bytes.subarray(0, at), edge, bytes.subarray(at + found[0].length)])
}
