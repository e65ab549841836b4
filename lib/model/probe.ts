import type { Pool } from 'undici'
import type { Clock } from '../clock.ts'

export interface ProbeOptions {
  readonly pool: Pool
  /** The path to ask for; only status 200 counts. */
  readonly path: string
  readonly clock: Clock
  /** Ends the probing. */
  readonly signal: AbortSignal
  /** Milliseconds until the start deadline. */
  readonly timeLeft: () => number
  /** Calls back whenever the server prints: the best hint that something changed. */
  readonly onHint: (listener: () => void) => () => void
}

export interface Probe {
  /** Resolves when somebody first accepts a connection, whatever they answer. Never rejects. */
  readonly accepted: Promise<void>
  /** Resolves at the first 200. Never rejects. */
  readonly ready: Promise<void>
  /** What the last probe met, in words. */
  readonly lastResult: () => string
}

const MIN_PAUSE = 2
const MAX_PAUSE = 100
const PROBE_TIMEOUT = 5000
const REFUSED = 'it does not accept connections'

const hints: Record<number, string> = {
  401: ": does the server's environment set an API key?",
  403: ": does the server's environment set an API key?",
  404: ': is checkEndpoint right?'
}

/** Asks a starting server again and again: after 1 % of the time it has taken so far (2 to 100 ms), and whenever it prints. One probe at a time. */
export function probeReadiness ({ pool, path, clock, signal, timeLeft, onHint }: ProbeOptions): Probe {
  let lastResult = 'it was not asked yet'
  let accept = (): void => {}
  const accepted = new Promise<void>((resolve) => { accept = resolve })
  const ready = new Promise<void>((resolve) => {
    const startedAt = clock.now()
    let probing = false
    let hinted = false
    let cancelTimer = (): void => {}

    const schedule = (pause: number): void => {
      cancelTimer()
      cancelTimer = clock.after(pause, () => { void ask() })
    }

    const ask = async (): Promise<void> => {
      probing = true
      hinted = false
      const status = await probeOnce(pool, path, signal, Math.max(1, Math.min(PROBE_TIMEOUT, timeLeft())))
      probing = false
      if (signal.aborted) return
      if (status !== REFUSED) accept()
      lastResult = typeof status === 'number' ? `${path} answers ${status}${hints[status] ?? ''}` : `${path}: ${status}`
      if (status === 200) return finish()
      schedule(hinted ? MIN_PAUSE : Math.min(Math.max(MIN_PAUSE, (clock.now() - startedAt) / 100), MAX_PAUSE))
    }

    const endHints = onHint(() => {
      hinted = true
      if (!probing) schedule(MIN_PAUSE)
    })
    const end = (): void => {
      cancelTimer()
      endHints()
    }
    const finish = (): void => {
      end()
      signal.removeEventListener('abort', end)
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
    void ask()
  })
  return { accepted, ready, lastResult: () => lastResult }
}

// The status, or in words why there is none.
async function probeOnce (pool: Pool, path: string, signal: AbortSignal, timeout: number): Promise<number | string> {
  try {
    // On a connection of its own: an idle one left in the pool could be the one a request is lost on.
    const { statusCode, body } = await pool.request({ method: 'GET', path, signal, headersTimeout: timeout, bodyTimeout: timeout, reset: true })
    await body.dump()
    return statusCode
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ECONNREFUSED') return REFUSED
    if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'it accepts connections and does not answer'
    return code ?? message
  }
}
