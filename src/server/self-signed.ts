import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isIP } from 'node:net'
import type { Clock } from '../clock.ts'
import { hourMs } from '../units.ts'

/** A certificate and its private key, PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** A certificate that lies in a folder. */
export interface StoredCertificate extends Certificate {
  /** File of the certificate: what clients have to trust. */
  readonly certFile: string
  /** Whether it was made just now. */
  readonly made: boolean
}

const dayMs: number = 24 * hourMs
/** Browsers refuse certificates that hold for more than 825 days. */
const lifeMs: number = 397 * dayMs
/** One that ends sooner is made anew. */
const restMs: number = 7 * dayMs

/**
 * The certificate in a folder, `cert.pem` with `key.pem`, or a new one that signs itself if there is none, it ends within a
 * week, or it lacks one of the names: localhost, 127.0.0.1, ::1, this machine's and `host`. The key is for its owner only.
 */
export async function selfSigned(folder: string, host: string, clock: Clock): Promise<StoredCertificate> {
  const names = [...new Set(['localhost', '127.0.0.1', '::1', hostname(), host])].filter(isName)
  const certFile = join(folder, 'cert.pem')
  const keyFile = join(folder, 'key.pem')
  const kept = await stored(certFile, keyFile)
  if (kept !== undefined && serves(kept, names, clock.nowMs())) return { ...kept, certFile, made: false }
  const made = await generated(names, clock.nowMs())
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await write(keyFile, made.key, 0o600)
  await write(certFile, made.cert, 0o644)
  return { ...made, certFile, made: true }
}

async function stored(certFile: string, keyFile: string): Promise<Certificate | undefined> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')])
    return { cert, key }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function serves({ cert, key }: Certificate, names: readonly string[], nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(cert)
    return (
      Date.parse(certificate.validFrom) <= nowMs &&
      Date.parse(certificate.validTo) - restMs > nowMs &&
      certificate.checkPrivateKey(createPrivateKey(key)) &&
      names.every((name) =>
        isIP(name) === 0
          ? certificate.checkHost(name) !== undefined
          : certificate.checkIP(name) !== undefined,
      )
    )
  } catch {
    // Half a file, or somebody else's.
    return false
  }
}

async function generated(names: readonly string[], nowMs: number): Promise<Certificate> {
  // It takes a while to load.
  const { generate } = await import('selfsigned')
  const altNames = names.map((name) =>
    isIP(name) === 0 ? ({ type: 2, value: name } as const) : ({ type: 7, ip: name } as const),
  )
  const made = await generate([{ name: 'commonName', value: 'millrace' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // Clocks of clients may be behind.
    notBeforeDate: new Date(nowMs - dayMs),
    notAfterDate: new Date(nowMs - dayMs + lifeMs),
    extensions: [
      // Clients are to trust it directly: some take only what may sign.
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  })
  return { cert: made.cert, key: made.private }
}

/** Whole or not at all, and never readable by others for a moment. */
async function write(file: string, text: string, mode: number): Promise<void> {
  const whole = `${file}.${process.pid}`
  const handle = await open(whole, 'w', mode)
  try {
    await handle.chmod(mode)
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(whole, file)
}

/** A host that a certificate can have: not every address that one listens on is. */
function isName(name: string): boolean {
  if (isIP(name) !== 0) return name !== '0.0.0.0' && name !== '::'
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(name)
}
