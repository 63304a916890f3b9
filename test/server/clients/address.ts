/** Where a client finds a server. */
export interface Address {
  /** Such as `http://127.0.0.1:4567`. */
  readonly endpoint: string
  /** The certificate to trust, where the endpoint is `https:`. PEM. */
  readonly ca?: string
}
