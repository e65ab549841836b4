const MAX_SIZE = 100 * 1024

/** The newest lines, 100 KiB at most. Those of a model's servers survive restarts. */
export class OutputRing<T extends { readonly line: string }> {
  #lines: T[] = []
  #size = 0
  #start = 0

  /** Adds a line; returns how many old ones had to go for it. */
  push (line: T): number {
    const before = this.#start
    this.#lines.push(line)
    this.#size += sizeOf(line)
    while (this.#size > MAX_SIZE) this.#size -= sizeOf(this.#lines[this.#start++]!)
    const dropped = this.#start - before
    this.#compact()
    return dropped
  }

  /** Takes the oldest line. */
  shift (): T | undefined {
    const line = this.#lines[this.#start]
    if (line === undefined) return undefined
    this.#start++
    this.#size -= sizeOf(line)
    this.#compact()
    return line
  }

  /** The newest lines, oldest first. */
  last (count: number): T[] {
    return this.#lines.slice(Math.max(this.#start, this.#lines.length - count))
  }

  // Dropped in bulk, so that a flood of lines costs no copy each.
  #compact (): void {
    if (this.#start * 2 <= this.#lines.length) return
    this.#lines = this.#lines.slice(this.#start)
    this.#start = 0
  }
}

// With its line end: empty lines take room, too.
function sizeOf ({ line }: { readonly line: string }): number {
  return line.length + 1
}
