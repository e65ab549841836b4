import { setMaxListeners } from 'node:events'
import type { Cause } from '../../types/events.ts'
import type { Launcher, OutputLine } from '../../types/launcher.ts'
import type { ModelState } from '../../types/status.ts'
import type { Clock } from '../clock.ts'
import type { ModelConfig } from '../config/config.ts'
import { errors, withDetail } from '../errors.ts'
import { OutputRing } from './output.ts'
import type { ReadyRun, Run } from './run.ts'
import { awaitStart, describeExit } from './start.ts'
import type { StartResult } from './start.ts'
import { transition } from './transition.ts'
import type { Transition } from './transition.ts'

export interface ModelOptions {
  readonly config: ModelConfig
  readonly launcher: Launcher
  readonly clock: Clock
  readonly onState: (change: { from: ModelState, to: ModelState, cause: Cause, error?: Error }) => void
  readonly onLine: (line: OutputLine) => void
  /** A ready server died: its leases are over. `gone` resolves when the rest of its group is ended too. */
  readonly onCrash: (gone: Promise<void>) => void
}

// A server that failed to start gets less time to end than one that has served.
const FAILED_START_GRACE = 5000
const TOLD_LINES = 20
// A dead server's sockets end by themselves, after the bytes it had sent; what has not ended by then never will.
const LAST_BYTES = 50

/** One model's life. Owns its state; every change goes through `#go`. */
export class Model {
  readonly config: ModelConfig
  readonly output = new OutputRing()
  #options: ModelOptions
  #state: ModelState = 'stopped'
  #run: Run | undefined
  #starting: { readonly done: Promise<void>, readonly abort: AbortController } | undefined
  #stopping: Promise<void> | undefined
  lastError: Error | undefined

  constructor (options: ModelOptions) {
    this.#options = options
    this.config = options.config
  }

  get state (): ModelState { return this.#state }
  get run (): Run | undefined { return this.#run }
  /** The run that requests go to; undefined unless ready. */
  get readyRun (): ReadyRun | undefined { return this.#state === 'ready' ? this.#run as ReadyRun : undefined }

  /** Resolves when the server is ready, starting it if need be; a stop under way is waited for. Rejects with the reason after a failed start has been cleared away. */
  async ensureReady (cause: Cause): Promise<void> {
    while (this.#stopping !== undefined) await this.#stopping
    if (this.#state === 'ready') return
    if (this.#state === 'shutdown') throw new errors.Closing()
    if (this.#starting === undefined) {
      const abort = new AbortController()
      this.#starting = { done: this.#start(cause, abort.signal), abort }
    }
    await this.#starting.done
  }

  /** Ends the server, by force after the grace. Resolves when it is gone; at once when there is none. Again with no grace cuts the first short. */
  async stop (cause: Cause, grace = this.config.stopGrace, reason: Error = new errors.Unloaded(this.config.id)): Promise<void> {
    if (this.#stopping !== undefined) {
      if (grace === 0) void this.#run?.handle.stop(0)
      return this.#stopping
    }
    if (this.#starting !== undefined) {
      const { abort, done } = this.#starting
      this.#go('stop', cause)
      this.#stopping = this.#end(grace)
      abort.abort(reason)
      await done.catch(() => {})
      return this.#stopping
    }
    if (this.#state !== 'ready') return
    this.#go('stop', cause)
    this.#run!.lifetime.abort(reason)
    this.#stopping = this.#end(grace)
    return this.#stopping
  }

  /** Stops for good. */
  async shutdown (grace?: number): Promise<void> {
    await this.stop('close', grace, new errors.Closing())
    if (this.#state === 'stopped') this.#go('shutdown', 'close')
  }

  async #start (cause: Cause, aborted: AbortSignal): Promise<void> {
    const { launcher, clock, onLine } = this.#options
    this.#go('ensureReady', cause)
    this.lastError = undefined
    const handle = launcher.ensure(this.config.launch, this.config.id, { signal: aborted })
    const run: Run = { handle, lifetime: new AbortController() }
    this.#run = run
    // Every request under way listens.
    setMaxListeners(0, run.lifetime.signal)
    handle.output((line) => {
      this.output.push(line)
      onLine(line)
    })
    const result = await awaitStart(run, this.config, clock, aborted)
    this.#starting = undefined
    if (aborted.aborted || result.event === 'aborted') throw aborted.reason
    if (result.event !== 'ready') throw await this.#fail(result)
    this.#go('ready', cause)
    void handle.exited.then((exit) => this.#crash(run, describeExit(exit)))
  }

  // What is left of a failed start still holds memory: its group is ended before anybody hears of it.
  async #fail (result: Exclude<StartResult, { event: 'ready' | 'aborted' }>): Promise<Error> {
    const { id } = this.config
    const error = result.event === 'deadline' ? new errors.StartTimeout(id, result.reason) : new errors.StartFailed(id, result.reason)
    this.lastError = withDetail(error, { detail: this.#tell(result.reason, result.lastProbe) })
    this.#go(result.event, 'failure', this.lastError)
    this.#stopping = this.#end(Math.min(FAILED_START_GRACE, this.config.stopGrace))
    await this.#stopping
    return this.lastError
  }

  #crash (run: Run, reason: string): void {
    if (this.#run !== run || this.#state !== 'ready') return
    this.lastError = withDetail(new errors.Crashed(this.config.id), { detail: this.#tell(reason) })
    this.#go('exit', 'crash', this.lastError)
    this.#options.clock.after(LAST_BYTES, () => run.lifetime.abort(this.lastError))
    this.#stopping = this.#end(0)
    this.#options.onCrash(this.#stopping)
  }

  async #end (grace: number): Promise<void> {
    const { handle, pool } = this.#run!
    await handle.stop(grace)
    pool?.close().catch(() => {})
    this.#run = undefined
    this.#stopping = undefined
    this.#go('gone', this.#lastCause)
  }

  #lastCause: Cause = 'request'

  #go (event: Transition, cause: Cause, error?: Error): void {
    const from = this.#state
    this.#state = transition(from, event)
    this.#lastCause = cause
    if (this.#state !== from) this.#options.onState({ from, to: this.#state, cause, ...(error !== undefined && { error }) })
  }

  #tell (reason: string, lastProbe?: string): string {
    const lines = this.output.last(TOLD_LINES)
    return [
      reason,
      ...(lastProbe === undefined ? [] : [`last probe: ${lastProbe}`]),
      ...(lines.length === 0 ? ['it printed nothing'] : ['last lines:', ...lines])
    ].join('\n')
  }
}
