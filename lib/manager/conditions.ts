/** What is waited for: each promise resolves once its condition holds, which is seen whenever somebody says `look`. */
export class Conditions {
  readonly #waiting = new Set<() => void>()

  until (holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  look (): void {
    if (this.#waiting.size > 0) for (const look of [...this.#waiting]) look()
  }
}
