/** A few values as CBOR, as a client of AWS sends them: maps and lists with their lengths, bytes as they are. */
export function cborOf(value: unknown): Buffer {
  const parts: Buffer[] = []
  write(value, parts)
  return Buffer.concat(parts)
}

const major = { unsigned: 0, bytes: 2, text: 3, list: 4, map: 5 } as const

function write(value: unknown, parts: Buffer[]): void {
  if (typeof value === 'number') parts.push(head(major.unsigned, value))
  else if (typeof value === 'string')
    parts.push(head(major.text, Buffer.byteLength(value)), Buffer.from(value))
  else if (value instanceof Uint8Array) parts.push(head(major.bytes, value.length), Buffer.from(value))
  else if (Array.isArray(value)) {
    parts.push(head(major.list, value.length))
    for (const each of value) write(each, parts)
  } else {
    const members = Object.entries(value as Record<string, unknown>)
    parts.push(head(major.map, members.length))
    for (const [name, each] of members) {
      write(name, parts)
      write(each, parts)
    }
  }
}

function head(type: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([(type << 5) | argument])
  const bytes = Buffer.alloc(5)
  bytes[0] = (type << 5) | 26
  bytes.writeUInt32BE(argument, 1)
  return bytes
}
