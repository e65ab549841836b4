import type { OutputLine } from '../../types/launcher.ts'

const MAX_BYTES = 100 * 1024

/** The last 100 KiB that a model's servers printed, in lines; survives restarts. */
export class OutputRing {
  #lines: OutputLine[] = []
  #bytes = 0
  #start = 0

  push (line: OutputLine): void {
    this.#lines.push(line)
    this.#bytes += line.line.length
    while (this.#bytes > MAX_BYTES) this.#bytes -= this.#lines[this.#start++]!.line.length
    // Dropped in bulk, so that a flood of lines costs no copy each.
    if (this.#start > 1024 && this.#start * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#start)
      this.#start = 0
    }
  }

  /** The newest lines, oldest first. */
  last (count: number): string[] {
    return this.#lines.slice(Math.max(this.#start, this.#lines.length - count)).map(({ line }) => line)
  }
}
