/**
 * Variables that Kubernetes makes in every container for each Service of its namespace, as docker's links
 * once did: for one that is named `millrace` they begin as our own do (Kubernetes, "Service: environment
 * variables").
 */
const names: readonly RegExp[] = [
  /^MILLRACE_SERVICE_HOST$/,
  /^MILLRACE_SERVICE_PORT(_[A-Z0-9_]+)?$/,
  /^MILLRACE_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/,
]
const address = /^(tcp|udp|sctp):\/\//

/**
 * Whether a variable tells where a Service is, and is no setting. One has the name of our `--port`, and no
 * port for a value.
 */
export function isServiceLink(name: string, value: string | undefined): boolean {
  if (name === 'MILLRACE_PORT') return address.test(value ?? '')
  return names.some((pattern) => pattern.test(name))
}

/** What to tell of those that there are; nothing if there are none. */
export function serviceLinkWarnings(environment: NodeJS.ProcessEnv): readonly string[] {
  const links = Object.entries(environment).flatMap(([name, value]) =>
    isServiceLink(name, value) ? [name] : [],
  )
  if (links.length === 0) return []
  return [`${links.join(', ')} in the environment are no settings: they tell of a Service named millrace`]
}
