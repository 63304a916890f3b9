/** Paragraphs of help, written on several lines here and broken anew for the reader's terminal. */
export function prose(text: string): string {
  return text.trim().replace(/(?<!\n)\n(?!\n)/g, ' ')
}
