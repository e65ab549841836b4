// With its connection to the server, a request takes more than a millisecond.
const AT_ONCE = 8

/** Runs tasks in their order, at most so many in each turn of the event loop: when a model is ready, hundreds who waited for it may be let in at once. */
export class Turns {
  readonly #waiting: Array<() => void> = []
  #begun = 0

  /** Runs it at once, if it is the turn's share yet. It must not throw. */
  run (task: () => void): void {
    if (this.#begun < AT_ONCE) this.#begin(task)
    else this.#waiting.push(task)
  }

  #begin (task: () => void): void {
    if (this.#begun++ === 0) setImmediate(() => this.#next())
    task()
  }

  #next (): void {
    this.#begun = 0
    for (const task of this.#waiting.splice(0, AT_ONCE)) this.#begin(task)
  }
}
