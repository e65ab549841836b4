import type { Rewrite } from './rewrite.ts'

/** Keeps, drops and adds values of one object or list, and the commas between them. */
export class ItemRewrite {
  readonly rewrite: Rewrite
  readonly #open: number
  #kept = 0
  /** Where the value before has ended. */
  #before: number
  /** Where those began that are dropped while none before them was kept; -1: no such. */
  #leading = -1
  readonly #added: string[] = []

  constructor (rewrite: Rewrite, open: number) {
    this.rewrite = rewrite
    this.#open = open
    this.#before = open + 1
  }

  /** The next value, on a way through on which all are kept. */
  count (end: number): void {
    this.#kept++
    this.#before = end
  }

  /** For another way through, which decides. */
  restart (): void {
    this.#kept = 0
    this.#before = this.#open + 1
  }

  /** The next value stays; it may be changed until the one after it comes. */
  keep (start: number, end: number): void {
    if (this.#leading !== -1) this.rewrite.replace(this.#leading, start, '')
    this.#leading = -1
    this.count(end)
  }

  drop (start: number, end: number): void {
    if (this.#kept > 0) this.rewrite.replace(this.#before, end, '')
    else if (this.#leading === -1) this.#leading = start
    this.#before = end
  }

  /** One more at the end. */
  add (json: string): void {
    this.#added.push(json)
  }

  end (): void {
    if (this.#leading !== -1) this.rewrite.replace(this.#leading, this.#before, '')
    if (this.#added.length > 0) this.rewrite.replace(this.#before, this.#before, `${this.#kept > 0 ? ',' : ''}${this.#added.join(',')}`)
  }
}
