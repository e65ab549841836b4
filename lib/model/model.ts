import { isDeepStrictEqual } from 'node:util'
import type { Cause } from '../../types/events.ts'
import type { Exit, Launcher, OutputLine } from '../../types/launcher.ts'
import type { ModelState } from '../../types/status.ts'
import type { Clock } from '../clock.ts'
import type { ModelConfig } from '../config/config.ts'
import { errors } from '../errors.ts'
import { endRun } from './end.ts'
import { crashError, startError } from './failure.ts'
import { launch } from './launch.ts'
import { OutputRing } from './output.ts'
import { createPool } from './pool.ts'
import type { ReadyRun, Run } from './run.ts'
import { withSecondTry } from './second-try.ts'
import type { Attempt } from './second-try.ts'
import { awaitStart } from './start.ts'
import type { FailedStart } from './start.ts'
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
  #lastCause: Cause = 'request'
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
    const starting = this.#starting
    if (starting === undefined && this.#state !== 'ready') return
    this.#starting = undefined
    this.#go('stop', cause)
    this.#run!.lifetime.abort(reason)
    this.#stopping = this.#end(grace)
    this.#takeWaiting()?.settle(reason)
    starting?.abort(reason)
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
    const attempt = async (): Promise<Attempt> => {
      const run = this.#launch(aborted)
      return { run, result: await awaitStart(run, this.config, this.#options.clock, aborted, deadlineAt) }
    }
    const { run, result } = await withSecondTry(attempt, aborted)
    // The stop that gave it up has told everybody; another start may be under way by now.
    if (aborted.aborted || result.event === 'aborted') return
    this.#starting = undefined
    // Who comes after the failure waits for the next start.
    const waiting = this.#takeWaiting()
    if (result.event !== 'ready') return waiting?.settle(await this.#fail(result))
    this.#go('ready', cause)
    waiting?.settle()
    void run.handle.exited.then((exit) => this.#crash(run, exit))
  }

  #launch (aborted: AbortSignal): Run {
    this.#run = launch(this.#options.launcher, this.config, aborted, (line) => {
      this.output.push(line)
      this.#options.onLine(line)
    })
    return this.#run
  }

  // What is left of a failed start still holds memory: its group is ended before anybody hears of it.
  async #fail (result: FailedStart): Promise<Error> {
    const error = this.lastError = startError(result, this.config, this.output)
    this.#go(result.event === 'stranger' ? 'launchError' : result.event, 'failure', error)
    this.#stopping = this.#end(Math.min(FAILED_START_GRACE, this.config.stopGrace))
    await this.#stopping
    return error
  }

  #crash (run: Run, exit: Exit): void {
    if (this.#run !== run || this.#state !== 'ready') return
    this.lastError = crashError(exit, this.config, this.output)
    this.#go('exit', 'crash', this.lastError)
    this.#options.clock.after(LAST_BYTES, () => run.lifetime.abort(this.lastError))
    this.#stopping = this.#end(0)
    this.#options.onCrash(this.#stopping)
  }

  // Resolves when it is gone; also when it is stuck, and who waited is told.
  #end (grace: number): Promise<void> {
    return endRun(this.#run!, grace, this.#options.clock, {
      onGone: () => {
        const wasStuck = this.#state === 'stuck'
        this.#run = undefined
        this.#stopping = undefined
        this.#go('gone', this.#lastCause)
        if (wasStuck) this.#options.onUnstuck()
      },
      onStuck: () => {
        this.#stopping = undefined
        this.lastError = new errors.Stuck(this.config.id)
        this.#go('unkillable', this.#lastCause, this.lastError)
        this.#takeWaiting()?.settle(this.lastError)
      }
    })
  }

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
}
