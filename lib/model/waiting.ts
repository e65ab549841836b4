import { errors } from '../errors.ts'

/** Those who wait for one and the same start: all are told its end, once. */
export class Waiting {
  readonly #promise: Promise<void>
  #resolve!: () => void
  #reject!: (error: Error) => void

  constructor () {
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Joins. A signal lets one of them leave; it changes nothing for the others. */
  join (signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#promise
    return new Promise((resolve, reject) => {
      const leave = (): void => reject(signal.reason instanceof Error ? signal.reason : new errors.Cancelled())
      if (signal.aborted) return leave()
      signal.addEventListener('abort', leave, { once: true })
      const stay = (): void => signal.removeEventListener('abort', leave)
      this.#promise.then(resolve, reject).finally(stay)
    })
  }

  settle (error?: Error): void {
    if (error === undefined) this.#resolve()
    else this.#reject(error)
  }
}
