import type { Lease } from '../../types/lease.ts'
import type { Progress, Ticket } from '../../types/ticket.ts'

/** The manager's side of a ticket: settled once, with a lease or an error. */
export class PendingTicket implements Ticket {
  readonly model: string
  readonly #onCancel: (reason: Error) => void
  readonly #progress: () => Progress
  /** Called when its part is over: it failed, or its lease was given back. */
  readonly #onEnd: (() => void) | undefined
  /** Those tickets whose progress somebody follows. */
  readonly #followed: Set<PendingTicket>
  #listeners: Set<(progress: Progress) => void> | undefined
  #settled: Lease | Error | undefined
  #promise: Promise<Lease> | undefined
  #resolve: ((lease: Lease) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  #cancelled = false

  constructor (model: string, followed: Set<PendingTicket>, onCancel: (reason: Error) => void, progress: () => Progress, onEnd?: () => void) {
    this.model = model
    this.#followed = followed
    this.#onCancel = onCancel
    this.#progress = progress
    this.#onEnd = onEnd
  }

  get lease (): Lease | Promise<Lease> {
    if (this.#settled !== undefined && !(this.#settled instanceof Error)) return this.#settled
    if (this.#promise === undefined) {
      this.#promise = this.#settled instanceof Error
        ? Promise.reject(this.#settled)
        : new Promise((resolve, reject) => { this.#resolve = resolve; this.#reject = reject })
      // Whoever has cancelled may never look.
      this.#promise.catch(() => {})
    }
    return this.#promise
  }

  progress (): Progress { return this.#progress() }

  get settled (): boolean { return this.#settled !== undefined }

  /** Settles it, unless it is settled; the lease then goes back. */
  grant (lease: Lease): void {
    if (this.settled) return lease.release()
    this.#settled = lease
    this.#unfollow()
    this.#resolve?.(lease)
  }

  fail (error: Error): void {
    if (this.settled) return
    this.#settled = error
    this.#unfollow()
    this.#reject?.(error)
    this.#onEnd?.()
  }

  /** Its lease was given back. */
  released (): void { this.#onEnd?.() }

  onProgress (listener: (progress: Progress) => void): () => void {
    if (this.settled) return () => {}
    const listeners = this.#listeners ??= new Set()
    listeners.add(listener)
    this.#followed.add(this)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#unfollow()
    }
  }

  #unfollow (): void {
    if (this.#listeners === undefined) return
    this.#listeners = undefined
    this.#followed.delete(this)
  }

  /** Tells the listeners how things stand. */
  tell (): void {
    if (this.#listeners === undefined) return
    const progress = this.#progress()
    for (const listener of this.#listeners) listener(progress)
  }

  cancel (reason?: Error): void {
    if (this.#cancelled) return
    this.#cancelled = true
    if (this.#settled === undefined) this.#onCancel(reason!)
    else if (!(this.#settled instanceof Error)) this.#settled.release()
  }
}
