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
export interface Line<Kind> {
  readonly model: string
  /** Its class. */
  readonly kind: Kind
  waiters: Waiter[]
  /** When its first waiter will have waited too long, as far as the agenda knows; NaN when it does not. */
  watchedAt: number
}

/**
 * All waiters, in a line for each model. Lines whose models hold no room wait for it, by classes: only the first of each class has to be looked at,
 * so that what an event costs does not depend on how many wait for other models.
 */
export class Queue<Kind> {
  #waiters = new Map<number, Waiter>()
  #lines = new Map<string, Line<Kind>>()
  /** Models that hold room, and in how many generations. */
  #housed = new Map<string, number>()
  /** The lines that wait for room, by class. */
  #classes = new Map<Kind, Array<Line<Kind>>>()
  #heads: Array<Line<Kind>> = []
  #kindOf: (model: string) => Kind
  /** Whether the heads have changed since somebody looked. */
  moved = false

  constructor (kindOf: (model: string) => Kind) {
    this.#kindOf = kindOf
  }

  get size (): number { return this.#waiters.size }
  /** The first line of each class that waits for room, by their first waiters. Not to be kept: it changes with the queue. */
  get heads (): ReadonlyArray<Line<Kind>> { return this.#heads }
  /** All lines, by their first waiters. */
  get lines (): Array<Line<Kind>> { return [...this.#lines.values()].sort((a, b) => precedes(a.waiters[0]!, b.waiters[0]!) ? -1 : 1) }
  line (model: string): Line<Kind> | undefined { return this.#lines.get(model) }
  of (model: string): readonly Waiter[] { return this.#lines.get(model)?.waiters ?? [] }
  has (ticket: number): boolean { return this.#waiters.has(ticket) }
  get (ticket: number): Waiter | undefined { return this.#waiters.get(ticket) }
  all (): Iterable<Waiter> { return this.#waiters.values() }

  add (waiter: Waiter): void {
    this.#waiters.set(waiter.ticket, waiter)
    const line = this.#lines.get(waiter.model)
    if (line === undefined) this.#open(waiter)
    else if (precedes(waiter, line.waiters[0]!)) this.#change(line, () => line.waiters.unshift(waiter))
    else line.waiters.splice(place(line.waiters, waiter), 0, waiter)
  }

  remove (ticket: number): Waiter | undefined {
    const waiter = this.#waiters.get(ticket)
    if (waiter === undefined) return undefined
    this.#waiters.delete(ticket)
    const line = this.#lines.get(waiter.model)!
    const index = place(line.waiters, waiter)
    if (index === 0) this.#change(line, () => line.waiters.shift())
    else line.waiters.splice(index, 1)
    return waiter
  }

  /** Takes those of a line that may go. */
  take (model: string, mayGo: (waiter: Waiter) => boolean = () => true): readonly Waiter[] {
    const line = this.#lines.get(model)
    if (line === undefined) return []
    const taken = line.waiters.filter(mayGo)
    for (const { ticket } of taken) this.#waiters.delete(ticket)
    this.#change(line, () => { line.waiters = line.waiters.filter(({ ticket }) => this.#waiters.has(ticket)) })
    return taken
  }

  /** Whether a model holds room, in any of its generations. */
  isHoused (model: string): boolean { return this.#housed.has(model) }

  /** A generation of a model has room now: those who wait for it do not wait for room. */
  house (model: string): void {
    const generations = this.#housed.get(model) ?? 0
    const line = this.#lines.get(model)
    if (generations === 0 && line !== undefined) this.#leave(line)
    this.#housed.set(model, generations + 1)
  }

  /** The room of a generation is free again. */
  vacate (model: string): void {
    const generations = this.#housed.get(model)! - 1
    if (generations > 0) this.#housed.set(model, generations)
    else this.#housed.delete(model)
    const line = this.#lines.get(model)
    if (generations === 0 && line !== undefined) this.#enter(line)
  }

  /** The same waiters in lines of other classes. */
  reclassify (kindOf: (model: string) => Kind): void {
    this.#kindOf = kindOf
    const waiters = [...this.#waiters.values()]
    this.#lines.clear()
    this.#classes.clear()
    this.#heads = []
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
    const line: Line<Kind> = { model: waiter.model, kind: this.#kindOf(waiter.model), waiters: [waiter], watchedAt: NaN }
    this.#lines.set(waiter.model, line)
    this.#enter(line)
  }

  // Another waiter is the first of a line, or nobody is.
  #change (line: Line<Kind>, change: () => void): void {
    this.#leave(line)
    change()
    if (line.waiters.length > 0) this.#enter(line)
    else this.#lines.delete(line.model)
  }

  #enter (line: Line<Kind>): void {
    if (this.#housed.has(line.model)) return
    const lines = this.#classes.get(line.kind)
    if (lines === undefined) {
      this.#classes.set(line.kind, [line])
      this.#insertHead(line)
      return
    }
    const index = indexIn(lines, line)
    if (index === 0) {
      this.#removeHead(lines[0]!)
      this.#insertHead(line)
    }
    lines.splice(index, 0, line)
  }

  #leave (line: Line<Kind>): void {
    if (this.#housed.has(line.model)) return
    const lines = this.#classes.get(line.kind)!
    const index = indexIn(lines, line)
    lines.splice(index, 1)
    if (index > 0) return
    this.#removeHead(line)
    if (lines.length > 0) this.#insertHead(lines[0]!)
    else this.#classes.delete(line.kind)
  }

  #insertHead (line: Line<Kind>): void {
    this.#heads.splice(indexIn(this.#heads, line), 0, line)
    this.moved = true
  }

  #removeHead (line: Line<Kind>): void {
    this.#heads.splice(indexIn(this.#heads, line), 1)
    this.moved = true
  }
}

function indexIn (lines: ReadonlyArray<Line<unknown>>, { waiters: [first] }: Line<unknown>): number {
  return search(lines.length, (index) => precedes(lines[index]!.waiters[0]!, first!))
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
