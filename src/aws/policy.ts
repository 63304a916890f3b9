/** What somebody may do with streams and delivery streams. */
export type Access = 'read' | 'write' | 'admin'

/** One line of a credential's policy. */
export interface Grant {
  /**
   * `read`: records, and a registration as a consumer. `write`: puts. `admin`: both, and whatever changes streams. Each of
   * them shows the stream: that it is there, its shards, tags and consumers.
   */
  readonly allow: Access
  /** Name of a stream, or of a delivery stream; `*` stands for any characters, or none. */
  readonly streams: string
}

/** What a credential may do: anything that one of its grants allows, nothing else. */
export class Policy {
  readonly #grants: readonly Grant[]

  constructor(grants: readonly Grant[]) {
    this.#grants = grants
  }

  /**
   * Whether this may be done with a stream.
   *
   * @param access `any`: whether the stream may be seen at all
   */
  allows(access: Access | 'any', streamName: string): boolean {
    return this.#grants.some((grant) => covers(grant, access) && matches(grant.streams, streamName))
  }

  /** Whether this may be done with every stream, also those that are yet to come: some grant is of `*`. */
  allowsAll(access: Access | 'any'): boolean {
    return this.#grants.some((grant) => covers(grant, access) && /^\*+$/.test(grant.streams))
  }
}

function covers({ allow }: Grant, access: Access | 'any'): boolean {
  return access === 'any' || allow === 'admin' || allow === access
}

/** Matches a whole name against a pattern, in time that grows with their product at most. */
function matches(pattern: string, name: string): boolean {
  let at = 0
  let patternAt = 0
  let star = -1
  let retryAt = 0
  while (at < name.length) {
    if (pattern[patternAt] === '*') {
      star = patternAt
      patternAt += 1
      retryAt = at
    } else if (pattern[patternAt] === name[at]) {
      patternAt += 1
      at += 1
    } else if (star >= 0) {
      // What the last star stands for was too short by one.
      patternAt = star + 1
      retryAt += 1
      at = retryAt
    } else return false
  }
  return /^\**$/.test(pattern.slice(patternAt))
}
