import { setMaxListeners } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import type { Cause } from '../../types/events.ts'
import type { Launcher, OutputLine } from '../../types/launcher.ts'
import type { ModelState } from '../../types/status.ts'
import type { Clock } from '../clock.ts'
import type { ModelConfig } from '../config/config.ts'
import { errors, withDetail } from '../errors.ts'
import { OutputRing } from './output.ts'
import { createPool } from './pool.ts'
import type { ReadyRun, Run } from './run.ts'
import { awaitStart, describeExit } from './start.ts'
import type { StartResult } from './start.ts'
import { transition } from './transition.ts'
import type { Transition } from './transition.ts'

export interface ModelOptions {
  readonly config: ModelConfig
  /** What the model's servers have printed so far. */
  readonly output?: OutputRing | undefined
  readonly launcher: Launcher
  readonly clock: Clock
  readonly onState: (change: { from: ModelState, to: ModelState, cause: Cause, error?: Error }) => void
  readonly onLine: (line: OutputLine) => void
  /** A ready server died: its leases are over. `ended` resolves when the rest of its group is ended, or stuck. */
  readonly onCrash: (ended: Promise<void>) => void
  /** A server that could not be killed is gone after all. */
  readonly onUnstuck: () => void
}

// A server that failed to start gets less time to end than one that has served.
const FAILED_START_GRACE = 5000
const TOLD_LINES = 20
// A server that hears SIGTERM with a request open may wait for its end (llama-server does); that it is aborted takes it a moment to see.
const DISCONNECT = 20
// What SIGKILL has not ended after so long is held by the kernel.
const UNKILLABLE = 2000
// A dead server's sockets end by themselves, after the bytes it had sent; what has not ended by then never will.
const LAST_BYTES = 50

/** One model's life. Owns its state; every change goes through `#go`. */
export class Model {
  readonly output: OutputRing
  #config: ModelConfig
  #options: ModelOptions
  #state: ModelState = 'stopped'
  #run: Run | undefined
  #starting: { readonly done: Promise<void>, readonly abort: AbortController } | undefined
  #stopping: Promise<void> | undefined
  lastError: Error | undefined

  constructor (options: ModelOptions) {
    this.#options = options
    this.#config = options.config
    this.output = options.output ?? new OutputRing()
  }

  get config (): ModelConfig { return this.#config }

  get state (): ModelState { return this.#state }
  get run (): Run | undefined { return this.#run }
  /** The run that requests go to; undefined unless ready. */
  get readyRun (): ReadyRun | undefined { return this.#state === 'ready' ? this.#run as ReadyRun : undefined }

  /** Resolves when the server is ready, starting it if need be; a stop under way is waited for. Rejects with the reason after a failed start has been cleared away. */
  async ensureReady (cause: Cause): Promise<void> {
    while (this.#stopping !== undefined) await this.#stopping
    if (this.#state === 'ready') return
    if (this.#state === 'shutdown') throw new errors.Closing()
    if (this.#state === 'stuck') throw new errors.Stuck(this.config.id)
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

  /** Goes on with a config that its server can serve as well. What it does not say to a running server counts from the next start on. */
  reconfigure (config: ModelConfig): void {
    const run = this.#run
    if (run?.pool !== undefined && !isDeepStrictEqual(config.timeouts, this.#config.timeouts)) {
      run.formerPools.push(run.pool)
      run.pool = createPool(run.endpoint!, config.timeouts)
    }
    this.#config = config
  }

  async #start (cause: Cause, aborted: AbortSignal): Promise<void> {
    this.#go('ensureReady', cause)
    this.lastError = undefined
    const deadlineAt = this.#options.clock.now() + this.config.startTimeout
    let result = await awaitStart(this.#launch(aborted), this.config, this.#options.clock, aborted, deadlineAt)
    // Somebody else was quicker on the port: once more, on a fresh one.
    if (await this.#lostPort(result)) {
      await this.#run!.handle.stop(0)
      this.#run!.pool?.close().catch(() => {})
      if (!aborted.aborted) result = await awaitStart(this.#launch(aborted), this.config, this.#options.clock, aborted, deadlineAt)
    }
    this.#starting = undefined
    if (aborted.aborted || result.event === 'aborted') throw aborted.reason
    if (result.event !== 'ready') throw await this.#fail(result)
    this.#go('ready', cause)
    const run = this.#run!
    void run.handle.exited.then((exit) => this.#crash(run, describeExit(exit)))
  }

  #launch (aborted: AbortSignal): Run {
    const handle = this.#options.launcher.ensure(this.config.launch, this.config.id, { signal: aborted })
    const run: Run = { handle, lifetime: new AbortController(), formerPools: [] }
    this.#run = run
    // Every request under way listens.
    setMaxListeners(0, run.lifetime.signal)
    handle.output((line) => {
      this.output.push(line)
      this.#options.onLine(line)
    })
    return run
  }

  async #lostPort (result: StartResult): Promise<boolean> {
    if (result.event === 'stranger') return true
    return result.event === 'exit' && await this.#run!.handle.stranger?.() !== undefined
  }

  // What is left of a failed start still holds memory: its group is ended before anybody hears of it.
  async #fail (result: Exclude<StartResult, { event: 'ready' | 'aborted' }>): Promise<Error> {
    const { id } = this.config
    const error = result.event === 'deadline' ? new errors.StartTimeout(id, result.reason) : new errors.StartFailed(id, result.reason)
    this.lastError = withDetail(error, { detail: this.#tell(result.reason, result.lastProbe) })
    this.#go(result.event === 'stranger' ? 'launchError' : result.event, 'failure', this.lastError)
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

  // Settles within the grace and 2 s, also when the server cannot be killed; it is then stuck until it is gone after all.
  async #end (grace: number): Promise<void> {
    const { handle, pool, formerPools } = this.#run!
    const pools = pool === undefined ? [] : [pool, ...formerPools]
    let stuck = false
    const busy = grace > 0 && pools.some(({ stats }) => stats.running > 0)
    const gone = (busy ? this.#pause(DISCONNECT).then(() => handle.stop(grace)) : handle.stop(grace)).then(() => {
      for (const pool of pools) pool.close().catch(() => {})
      this.#run = undefined
      this.#stopping = undefined
      this.#go('gone', this.#lastCause)
      if (stuck) this.#options.onUnstuck()
    })
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(grace + UNKILLABLE, () => {
        stuck = true
        this.#stopping = undefined
        this.lastError = new errors.Stuck(this.config.id)
        this.#go('unkillable', this.#lastCause, this.lastError)
        resolve()
      })
      void gone.then(() => {
        cancel()
        resolve()
      })
    })
  }

  #lastCause: Cause = 'request'

  #go (event: Transition, cause: Cause, error?: Error): void {
    const from = this.#state
    this.#state = transition(from, event)
    this.#lastCause = cause
    if (this.#state !== from) this.#options.onState({ from, to: this.#state, cause, ...(error !== undefined && { error }) })
  }

  #pause (ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve))
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
