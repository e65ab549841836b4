import type { Clock } from '../../lib/clock.ts'
import type { Exit, Handle, HandleState, Launcher } from '../../types/launcher.ts'

/** A clock whose hands the test turns. */
export class VirtualClock implements Clock {
  #now = 0
  #timers = new Set<{ at: number, fn: () => void }>()

  now (): number { return this.#now }
  epoch (): number { return this.#now }
  get timers (): number { return this.#timers.size }

  after (ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, fn }
    this.#timers.add(timer)
    return () => { this.#timers.delete(timer) }
  }

  /** Turns the hands; what falls due happens in its order. */
  advance (ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.fn()
    }
    this.#now = end
  }
}

/** A server that exists in the test's mind only: it is placed, dies and ends when the test says so. */
export class VirtualHandle implements Handle {
  readonly key: string
  readonly command = ['virtual']
  state: HandleState = 'starting'
  stops = 0
  #placed!: () => void
  #refuse!: (error: Error) => void
  #exit!: (exit: Exit) => void
  #ended!: () => void
  readonly #endpoint: Promise<{ origin: string, basePath: string }>
  readonly #end: Promise<void>
  readonly exited: Promise<Exit>

  constructor (key: string, origin: string) {
    this.key = key
    this.#endpoint = new Promise((resolve, reject) => {
      this.#placed = () => resolve({ origin, basePath: '' })
      this.#refuse = reject
    })
    this.#endpoint.catch(() => {})
    this.#end = new Promise((resolve) => { this.#ended = resolve })
    this.exited = new Promise((resolve) => { this.#exit = resolve })
  }

  endpoint (): Promise<{ origin: string, basePath: string }> { return this.#endpoint }
  output (): () => void { return () => {} }

  stop (): Promise<void> {
    this.stops++
    return this.#end
  }

  place (): void {
    if (this.state !== 'starting') return
    this.state = 'running'
    this.#placed()
  }

  refuse (): void {
    if (this.state !== 'starting') return
    this.state = 'exited'
    this.#refuse(new Error('refused'))
    this.#exit({ why: 'rejected', message: 'refused' })
    this.#ended()
  }

  /** The process is gone; the rest of its group when it is told to stop. */
  die (code = 1): void {
    if (this.state === 'exited') return
    this.state = 'exited'
    this.#placed()
    this.#exit({ code, why: this.stops > 0 ? 'stopped' : 'crashed' })
  }

  /** What a stop waits for. */
  end (): void {
    this.die(0)
    this.#ended()
  }
}

export class VirtualLauncher implements Launcher {
  readonly handles: VirtualHandle[] = []
  /** Where all of them seem to listen. */
  readonly #origin: string

  constructor (origin = 'http://127.0.0.1:9') {
    this.#origin = origin
  }

  ensure (_spec: unknown, key: string): VirtualHandle {
    const handle = new VirtualHandle(key, this.#origin)
    this.handles.push(handle)
    return handle
  }

  list (): Promise<Handle[]> { return Promise.resolve(this.handles) }
}

/** Lets every promise that can settle do so. */
export function settle (): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
