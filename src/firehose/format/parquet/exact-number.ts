/** A number of JSON, as it was written: a double might not hold it. */
export class ExactNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
