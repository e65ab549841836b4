/** The lines that a terminal shows. The last one may still be open, and is completed where it stands. */
export class Terminal {
  readonly #stream: { write (text: string): unknown }
  #open = ''

  constructor (stream: { write (text: string): unknown }) {
    this.#stream = stream
  }

  line (text: string): void {
    if (this.#open !== '') this.#stream.write('\n')
    this.#open = ''
    this.#stream.write(`${text}\n`)
  }

  /** Opens a line for `finish`. */
  begin (text: string): void {
    if (this.#open !== '') this.#stream.write('\n')
    this.#open = text
    this.#stream.write(text)
  }

  /** Completes the line that began so; when another has come between, the whole line is written again. */
  finish (begun: string, rest: string): void {
    if (this.#open !== begun) return this.line(begun + rest)
    this.#open = ''
    this.#stream.write(`${rest}\n`)
  }
}
