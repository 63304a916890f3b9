/** One line of a delivery's log, with the members of those that AWS writes to CloudWatch Logs. */
export interface DeliveryLogEvent {
  readonly deliveryStreamARN: string
  readonly deliveryStreamVersionId: number
  /** Such as `arn:aws:s3:::bucket`. */
  readonly destination: string
  readonly message: string
  /** Such as `S3.AccessDenied`, `HttpEndpoint.InvalidStatusCode`, `Lambda.FunctionError`. */
  readonly errorCode: string
  /** Milliseconds since 1970. */
  readonly timestampMs: number
}
