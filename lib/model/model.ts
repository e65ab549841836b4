import { setMaxListeners } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import type { Cause } from '../../types/events.ts'
import type { Launcher, OutputLine } from '../../types/launcher.ts'
import type { ModelState } from '../../types/status.ts'
import type { Clock } from '../clock.ts'
import type { ModelConfig } from '../config/config.ts'
import { maskOf } from '../config/mask.ts'
import { errors, withDetail } from '../errors.ts'
import { OutputRing } from './output.ts'
import { createPool } from './pool.ts'
import type { ReadyRun, Run } from './run.ts'
import { awaitStart, describeExit } from './start.ts'
import type { StartResult } from './start.ts'
import { transition } from './transition.ts'
import type { Transition } from './transition.ts'
import { Waiting } from './waiting.ts'

export interface ModelOptions {
  readonly config: ModelConfig
  /** What the model's servers have printed so far. */
  readonly output?: OutputRing<OutputLine> | undefined
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
  readonly output: OutputRing<OutputLine>
  #config: ModelConfig
  #options: ModelOptions
  #state: ModelState = 'stopped'
  #run: Run | undefined
  /** Gives up the start under way. */
  #starting: AbortController | undefined
  #stopping: Promise<void> | undefined
  #waiting: Waiting | undefined
  /** Shut down, or on the way there: nothing is started any more. */
  #isFinal = false
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
    if (this.#state === 'stopped' && !this.#isFinal) {
      this.#starting = new AbortController()
      void this.#start(cause, this.#starting.signal)
    }
    return this.waitReady()
  }

  /** Resolves when the server is ready, rejects when its start fails or is given up. Starts nothing: until somebody else does, it waits. */
  async waitReady (signal?: AbortSignal): Promise<void> {
    if (this.#state === 'ready') return
    if (this.#isFinal) throw new errors.Closing()
    if (this.#state === 'stuck') throw new errors.Stuck(this.config.id)
    this.#waiting ??= new Waiting()
    return this.#waiting.join(signal)
  }

  /** Ends the server, by force after the grace. Resolves when it is gone; at once when there is none. Again with no grace cuts the first short. */
  async stop (cause: Cause, grace = this.config.stopGrace, reason: Error = new errors.Unloaded(this.config.id)): Promise<void> {
    if (this.#stopping !== undefined) {
      if (grace === 0) void this.#run?.handle.stop(0)
      return this.#stopping
    }
    if (this.#starting !== undefined) {
      const starting = this.#starting
      this.#starting = undefined
      this.#go('stop', cause)
      this.#stopping = this.#end(grace)
      this.#takeWaiting()?.settle(reason)
      starting.abort(reason)
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
    this.#isFinal = true
    await this.stop('close', grace, new errors.Closing())
    if (this.#state === 'stopped') this.#go('shutdown', 'close')
    this.#takeWaiting()?.settle(new errors.Closing())
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
    let run = this.#launch(aborted)
    let result = await awaitStart(run, this.config, this.#options.clock, aborted, deadlineAt)
    // Somebody else was quicker on the port: once more, on a fresh one.
    if (!aborted.aborted && await lostPort(run, result)) {
      await run.handle.stop(0)
      run.pool?.close().catch(() => {})
      if (!aborted.aborted) {
        run = this.#launch(aborted)
        result = await awaitStart(run, this.config, this.#options.clock, aborted, deadlineAt)
      }
    }
    // The stop that gave it up has told everybody; another start may be under way by now.
    if (aborted.aborted || result.event === 'aborted') return
    this.#starting = undefined
    // Who comes after the failure waits for the next start.
    const waiting = this.#takeWaiting()
    if (result.event !== 'ready') return waiting?.settle(await this.#fail(result))
    this.#go('ready', cause)
    waiting?.settle()
    void run.handle.exited.then((exit) => this.#crash(run, describeExit(exit)))
  }

  #launch (aborted: AbortSignal): Run {
    const handle = this.#options.launcher.ensure(this.config.launch, this.config.id, { signal: aborted })
    const run: Run = { handle, lifetime: new AbortController(), formerPools: [] }
    this.#run = run
    // Every request under way listens.
    setMaxListeners(0, run.lifetime.signal)
    // Servers print what they were started with.
    const mask = maskOf(this.config)
    handle.output((printed) => {
      const text = mask(printed.line)
      const line = text === printed.line ? printed : { ...printed, line: text }
      this.output.push(line)
      this.#options.onLine(line)
    })
    return run
  }

  // What is left of a failed start still holds memory: its group is ended before anybody hears of it.
  async #fail (result: Exclude<StartResult, { event: 'ready' | 'aborted' }>): Promise<Error> {
    const { id } = this.config
    const reason = maskOf(this.config)(result.reason)
    const error = result.event === 'deadline' ? new errors.StartTimeout(id, reason) : new errors.StartFailed(id, reason)
    this.lastError = withDetail(error, { detail: this.#tell(reason, result.lastProbe) })
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
        this.#takeWaiting()?.settle(this.lastError)
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

  #takeWaiting (): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    return waiting
  }

  #pause (ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve))
  }

  #tell (reason: string, lastProbe?: string): string {
    const lines = this.output.last(TOLD_LINES).map(({ line }) => line)
    return [
      reason,
      ...(lastProbe === undefined ? [] : [`last probe: ${lastProbe}`]),
      ...(lines.length === 0 ? ['it printed nothing'] : ['last lines:', ...lines])
    ].join('\n')
  }
}

async function lostPort ({ handle }: Run, result: StartResult): Promise<boolean> {
  if (result.event === 'stranger') return true
  return result.event === 'exit' && await handle.stranger?.() !== undefined
}
