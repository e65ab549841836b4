// With its connection to the server, a request takes more than a millisecond.
const AT_ONCE = 8

interface Task {
  readonly run: () => void
  readonly onError: (error: Error) => void
}

/** Runs tasks in their order, at most so many in each turn of the event loop: when a model is ready, hundreds who waited for it may be let in at once. */
export class Turns {
  readonly #waiting: Task[] = []
  #begun = 0

  /** Runs it at once, if it is within the turn's share. What it throws is its own affair: `onError` gets it. */
  run (run: () => void, onError: (error: Error) => void): void {
    if (this.#begun < AT_ONCE) this.#begin({ run, onError })
    else this.#waiting.push({ run, onError })
  }

  #begin ({ run, onError }: Task): void {
    if (this.#begun++ === 0) setImmediate(() => this.#next())
    try {
      run()
    } catch (error) {
      onError(error as Error)
    }
  }

  #next (): void {
    this.#begun = 0
    for (const task of this.#waiting.splice(0, AT_ONCE)) this.#begin(task)
  }
}
