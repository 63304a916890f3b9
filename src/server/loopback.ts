import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { MillraceError } from '../errors.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether this is an address that only this machine reaches. Names are none. */
export function isLoopbackAddress(text: string): boolean {
  const version = isIP(text)
  if (version === 0) return false
  return loopback.check(text, version === 4 ? 'ipv4' : 'ipv6')
}

/** Whether all addresses of a host are this machine's own. One that has none is not. */
export async function isLoopbackHost(host: string): Promise<boolean> {
  if (isIP(host) !== 0) return isLoopbackAddress(host)
  try {
    const addresses = await lookup(host, { all: true })
    return addresses.length > 0 && addresses.every(({ address }) => isLoopbackAddress(address))
  } catch {
    return false
  }
}

/**
 * Refuses to let others in whom nobody asks who they are.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function refuseUnguarded(host: string): never {
  const rule =
    'an address that only this machine reaches, such as 127.0.0.1, as long as there are no credentials'
  throw new MillraceError(
    'ERR_MILLRACE_INVALID_ARGUMENT',
    `host must be ${rule}, got ${JSON.stringify(host)}: whoever reaches it could read and delete everything. Give ` +
      '--credentials (option credentials), or --insecure (option insecure) if that is what you want',
    { details: { field: 'host', value: host, rule } },
  )
}
