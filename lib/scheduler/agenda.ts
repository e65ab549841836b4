/** What is due at some time. Whoever looks at it then checks whether it still matters: nothing is ever taken back. */
export type Due =
  | { readonly at: number, readonly type: 'deadline', readonly ticket: number }
  | { readonly at: number, readonly type: 'idle', readonly key: string }
  | { readonly at: number, readonly type: 'plan' }

/** What will be due, the next first (a binary heap). */
export class Agenda {
  #heap: Due[] = []

  /** When the next is due. */
  get next (): number | undefined { return this.#heap[0]?.at }

  push (due: Due): void {
    const heap = this.#heap
    let index = heap.push(due) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (heap[parent]!.at <= due.at) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = due
  }

  /** Takes the next one that is due by `now`. */
  take (now: number): Due | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.at > now) return undefined
    const last = heap.pop()!
    if (heap.length > 0) this.#sink(last)
    return first
  }

  #sink (due: Due): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++
      if (heap[child]!.at >= due.at) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = due
  }
}
