import type { Readable } from 'node:stream'
import { errors } from '../errors.ts'
import type { BodyScanner } from './scanner.ts'

/** Bytes of request bodies held at once, over all requests. */
export interface BodyBudget {
  readonly limit: number
  held: number
}

/** A request's body, in one piece. */
export interface Body {
  bytes: Buffer
  /** Gives its bytes back to the budget. More than once does nothing. */
  release (): void
}

export interface IntakeOptions {
  /** The announced length, if there is one. */
  readonly length: number | undefined
  readonly limit: number
  readonly budget: BodyBudget
  /** Sees the bytes as they arrive. */
  readonly scanner?: BodyScanner | undefined
}

const FIRST_GUESS = 64 * 1024

/** Reads a body into one Buffer. After an error the rest is read and thrown away, so that the client gets to see the answer. */
export function readBody (payload: Readable, { length, limit, budget, scanner }: IntakeOptions, done: (error: Error | undefined, body?: Body) => void): void {
  let bytes = Buffer.alloc(0)
  let filled = 0
  let finished = false

  const release = (): void => {
    budget.held -= bytes.length
    bytes = Buffer.alloc(0)
  }
  const finish = (error: Error | undefined): void => {
    if (finished) return
    finished = true
    payload.removeListener('data', onData)
    payload.removeListener('end', onEnd)
    payload.removeListener('close', onClose)
    if (error !== undefined) {
      release()
      payload.resume()
      return done(error)
    }
    const held = bytes.subarray(0, filled)
    done(undefined, { bytes: held, release })
  }
  // False when there is no room; then all is over.
  const grow = (capacity: number): boolean => {
    if (capacity > limit) {
      finish(new errors.BodyTooLarge(limit))
      return false
    }
    if (budget.held - bytes.length + capacity > budget.limit) {
      finish(new errors.BodyBudget())
      return false
    }
    budget.held += capacity - bytes.length
    const larger = Buffer.allocUnsafe(capacity)
    bytes.copy(larger, 0, 0, filled)
    bytes = larger
    return true
  }
  const onData = (chunk: Buffer): void => {
    const end = filled + chunk.length
    if (end > bytes.length && !grow(end > limit ? end : Math.min(limit, Math.max(end, bytes.length * 2, FIRST_GUESS)))) return
    chunk.copy(bytes, filled)
    filled = end
    scanner?.scan(bytes, filled)
  }
  const onEnd = (): void => finish(length !== undefined && filled < length ? new errors.BodyIncomplete() : undefined)
  const onClose = (): void => finish(new errors.BodyIncomplete())

  // It stays: a stream may fail after it was read.
  payload.on('error', () => finish(new errors.BodyIncomplete()))
  if (length !== undefined && !grow(length)) return
  payload.on('data', onData)
  payload.on('end', onEnd)
  payload.on('close', onClose)
}
