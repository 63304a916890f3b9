/** The run was ended by Ctrl-C; what there is to say has been said. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
