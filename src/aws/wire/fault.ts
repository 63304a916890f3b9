/** Errors as a service answers them. They never leave `src/aws` but as an answer. */
export class Fault extends Error {
  override readonly name = 'Fault'
  /** The error's name on the wire, such as `ResourceNotFoundException`. */
  readonly type: string
  /** HTTP status: 400 for a client's fault, 500 for the service's own. */
  readonly status: number
  /** Faults of the service's framework spell `Message` with a capital. */
  readonly framework: boolean

  constructor(
    type: string,
    message: string,
    options: { readonly status?: number; readonly framework?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.type = type
    this.status = options.status ?? 400
    this.framework = options.framework ?? false
  }
}

/** A request that is no message of the protocol: wrong JSON types, a body that cannot be parsed. */
export function serializationFault(message: string): Fault {
  return new Fault('SerializationException', message, { framework: true })
}

/** Members outside the model's constraints. */
export function validationFault(message: string): Fault {
  return new Fault('ValidationException', message)
}

export function invalidArgumentFault(message: string): Fault {
  return new Fault('InvalidArgumentException', message)
}

export function notFoundFault(message: string): Fault {
  return new Fault('ResourceNotFoundException', message)
}

export function inUseFault(message: string): Fault {
  return new Fault('ResourceInUseException', message)
}

export function limitFault(message: string): Fault {
  return new Fault('LimitExceededException', message)
}

/** The service failed. The cause is for whoever has the store in the same process, never for the wire. */
export function internalFault(cause?: unknown): Fault {
  return new Fault('InternalFailureException', 'Internal Service Failure', { status: 500, cause })
}
