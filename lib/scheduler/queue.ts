import type { Cause } from '../../types/events.ts'

/** A request that waits. */
export interface Waiter {
  readonly ticket: number
  readonly model: string
  readonly priority: number
  /** When it gives up. */
  readonly expiresAt: number | undefined
  readonly cause: Cause
}

/** All waiters: by priority, then first come first served; within each model likewise. */
export class Queue {
  #waiters = new Map<number, Waiter>()
  #byModel = new Map<string, Waiter[]>()

  get size (): number { return this.#waiters.size }

  add (waiter: Waiter): void {
    this.#waiters.set(waiter.ticket, waiter)
    const line = this.#byModel.get(waiter.model)
    if (line === undefined) {
      this.#byModel.set(waiter.model, [waiter])
      return
    }
    // From the end: almost every waiter belongs there.
    let index = line.length
    while (index > 0 && precedes(waiter, line[index - 1]!)) index--
    line.splice(index, 0, waiter)
  }

  remove (ticket: number): Waiter | undefined {
    const waiter = this.#waiters.get(ticket)
    if (waiter === undefined) return undefined
    this.#waiters.delete(ticket)
    const line = this.#byModel.get(waiter.model)!
    if (line.length === 1) this.#byModel.delete(waiter.model)
    else line.splice(line.indexOf(waiter), 1)
    return waiter
  }

  /** Those that wait for a model, in their order. */
  of (model: string): readonly Waiter[] { return this.#byModel.get(model) ?? [] }

  /** The models waited for, in the order of their first waiters. */
  models (): string[] {
    return [...this.#byModel.values()].map((line) => line[0]!).sort((a, b) => precedes(a, b) ? -1 : 1).map(({ model }) => model)
  }

  /** 1 for the first of all. */
  position (ticket: number): number {
    const waiter = this.#waiters.get(ticket)
    if (waiter === undefined) return 0
    let position = 1
    for (const other of this.#waiters.values()) if (precedes(other, waiter)) position++
    return position
  }

  all (): Iterable<Waiter> { return this.#waiters.values() }
}

function precedes (a: Waiter, b: Waiter): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.ticket < b.ticket)
}
