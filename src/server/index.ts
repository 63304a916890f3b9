/** What `import 'millrace/server'` gives. */
export { Server, type ServerLoad, startServer } from './server.ts'
export type { LogFacts, ServerLog } from './server-log.ts'
export { serverDefaults, type ServerOptions } from './server-options.ts'
export type { CredentialOptions } from '../aws/credential.ts'
export type { Access, Grant } from '../aws/policy.ts'
export { type CredentialsFile, readCredentialsFile } from './credentials-file.ts'
export type { TlsOptions } from './tls-options.ts'
