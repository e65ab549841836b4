import type { Cause } from '../../types/events.ts'

/** A request that waits. */
export interface Waiter {
  readonly ticket: number
  readonly model: string
  /** Its place: the lower goes first, and of equals the earlier ticket. */
  readonly key: number
  readonly since: number
  readonly cause: Cause
}

/** Those that wait for one model, in their order. Never empty. */
export interface Line {
  readonly model: string
  /** Models of one class exclude each other: only the first line of each class can be next. */
  readonly kind: string
  readonly waiters: Waiter[]
  /** When its first waiter will have waited too long, as far as the agenda knows. */
  watchedAt: number | undefined
}

/** All waiters, in a line for each model; the lines in the order of their first waiters. */
export class Queue {
  #waiters = new Map<number, Waiter>()
  #lines = new Map<string, Line>()
  #order: Line[] = []
  #kinds = new Map<string, number>()
  #kindOf: (model: string) => string

  constructor (kindOf: (model: string) => string) {
    this.#kindOf = kindOf
  }

  get size (): number { return this.#waiters.size }
  /** The lines by their first waiters. Not to be kept: it changes with the queue. */
  get lines (): readonly Line[] { return this.#order }
  /** How many classes the lines are of. */
  get kinds (): number { return this.#kinds.size }
  line (model: string): Line | undefined { return this.#lines.get(model) }
  of (model: string): readonly Waiter[] { return this.#lines.get(model)?.waiters ?? [] }
  has (ticket: number): boolean { return this.#waiters.has(ticket) }
  get (ticket: number): Waiter | undefined { return this.#waiters.get(ticket) }
  all (): Iterable<Waiter> { return this.#waiters.values() }

  /** Adds a waiter; true when it is the first of its line. */
  add (waiter: Waiter): boolean {
    this.#waiters.set(waiter.ticket, waiter)
    const line = this.#lines.get(waiter.model)
    if (line === undefined) {
      this.#open(waiter)
      return true
    }
    const index = place(line.waiters, waiter)
    if (index > 0) {
      line.waiters.splice(index, 0, waiter)
      return false
    }
    this.#order.splice(this.#indexOf(line), 1)
    line.waiters.unshift(waiter)
    this.#insert(line)
    return true
  }

  remove (ticket: number): Waiter | undefined {
    const waiter = this.#waiters.get(ticket)
    if (waiter === undefined) return undefined
    this.#waiters.delete(ticket)
    const line = this.#lines.get(waiter.model)!
    const index = place(line.waiters, waiter)
    if (index > 0) {
      line.waiters.splice(index, 1)
      return waiter
    }
    this.#order.splice(this.#indexOf(line), 1)
    line.waiters.shift()
    if (line.waiters.length > 0) this.#insert(line)
    else this.#close(line)
    return waiter
  }

  /** Takes a whole line. */
  removeAll (model: string): readonly Waiter[] {
    const line = this.#lines.get(model)
    if (line === undefined) return []
    this.#order.splice(this.#indexOf(line), 1)
    this.#close(line)
    for (const { ticket } of line.waiters) this.#waiters.delete(ticket)
    return line.waiters
  }

  /** The same waiters in lines of other classes. */
  reclassify (kindOf: (model: string) => string): void {
    this.#kindOf = kindOf
    const waiters = [...this.#waiters.values()]
    this.#lines.clear()
    this.#kinds.clear()
    this.#order = []
    for (const waiter of waiters) this.add(waiter)
  }

  /** 1 for the first of all. */
  position (ticket: number): number {
    const waiter = this.#waiters.get(ticket)
    if (waiter === undefined) return 0
    let position = 1
    for (const other of this.#waiters.values()) if (precedes(other, waiter)) position++
    return position
  }

  #open (waiter: Waiter): void {
    const kind = this.#kindOf(waiter.model)
    const line: Line = { model: waiter.model, kind, waiters: [waiter], watchedAt: undefined }
    this.#lines.set(waiter.model, line)
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
    this.#insert(line)
  }

  #close ({ model, kind }: Line): void {
    this.#lines.delete(model)
    const left = this.#kinds.get(kind)! - 1
    if (left === 0) this.#kinds.delete(kind)
    else this.#kinds.set(kind, left)
  }

  #insert (line: Line): void {
    this.#order.splice(search(this.#order.length, (index) => precedes(this.#order[index]!.waiters[0]!, line.waiters[0]!)), 0, line)
  }

  #indexOf (line: Line): number {
    return search(this.#order.length, (index) => precedes(this.#order[index]!.waiters[0]!, line.waiters[0]!))
  }
}

function place (waiters: readonly Waiter[], waiter: Waiter): number {
  // From the end: almost every waiter that comes belongs there.
  if (waiters.length > 0 && precedes(waiters.at(-1)!, waiter)) return waiters.length
  return search(waiters.length, (index) => precedes(waiters[index]!, waiter))
}

// The first index at which `before` is false.
function search (length: number, before: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (before(middle)) low = middle + 1
    else high = middle
  }
  return low
}

function precedes (a: Waiter, b: Waiter): boolean {
  return a.key < b.key || (a.key === b.key && a.ticket < b.ticket)
}
