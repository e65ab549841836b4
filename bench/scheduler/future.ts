/** What is still to happen, by its time; at one time in the order in which it was added. */
export class Future<What> {
  /** The last first, so that the next is taken from the end. */
  readonly #items: Array<{ readonly at: number, readonly what: What }> = []

  add (at: number, what: What): void {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#items[middle]!.at > at) low = middle + 1
      else high = middle
    }
    this.#items.splice(low, 0, { at, what })
  }

  take (): { readonly at: number, readonly what: What } | undefined {
    return this.#items.pop()
  }
}
