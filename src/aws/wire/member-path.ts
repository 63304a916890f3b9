/**
 * The place of a value in a request, as a service names it: `records.1.member.data`. Most requests are right, so the
 * text is made when somebody asks for it; one path serves all entries of a list.
 */
export class MemberPath {
  readonly #parent: MemberPath | undefined
  readonly #name: string
  /** Of a list: the entry that is being read, from 0 on. */
  index = -1

  constructor(parent: MemberPath | undefined, name: string) {
    this.#parent = parent
    this.#name = name
  }

  get text(): string {
    const own = this.#name.slice(0, 1).toLowerCase() + this.#name.slice(1)
    const entry = this.index === -1 ? own : `${own}.${this.index + 1}.member`
    const outside = this.#parent?.text ?? ''
    return outside === '' ? entry : `${outside}.${entry}`
  }
}
