import { type Fault, invalidArgumentFault } from '../../wire/fault.ts'

/** What AWS knows and this does not do is refused by its name, never stored and ignored. */
export function unsupported(member: string, instead?: string): Fault {
  return invalidArgumentFault(
    `${member} is not supported by millrace${instead === undefined ? '' : `: ${instead}`}.`,
  )
}
