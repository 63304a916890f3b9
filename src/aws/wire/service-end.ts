/**
 * The reason of an aborted call when the service ends: a stream of events says what it has to say, and ends. Any other
 * reason means that nobody listens any more.
 */
export class ServiceEnd extends Error {
  override readonly name = 'ServiceEnd'

  constructor() {
    super('the service ends')
  }
}
