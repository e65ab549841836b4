import type { OutputLine } from '../../types/launcher.ts'

const MAX_SIZE = 100 * 1024

/** The last 100 KiB that a model's servers printed, in lines; survives restarts. */
export class OutputRing {
  #lines: OutputLine[] = []
  #size = 0
  #start = 0

  push (line: OutputLine): void {
    this.#lines.push(line)
    this.#size += sizeOf(line)
    while (this.#size > MAX_SIZE) this.#size -= sizeOf(this.#lines[this.#start++]!)
    // Dropped in bulk, so that a flood of lines costs no copy each.
    if (this.#start * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#start)
      this.#start = 0
    }
  }

  /** The newest lines, oldest first. */
  last (count: number): string[] {
    return this.#lines.slice(Math.max(this.#start, this.#lines.length - count)).map(({ line }) => line)
  }
}

// With its line end: empty lines take room, too.
function sizeOf ({ line }: OutputLine): number {
  return line.length + 1
}
