import type { Effect, SchedulerEvent, SchedulerOptions } from '../../lib/scheduler/messages.ts'
import { evictorIn } from '../../lib/scheduler/resident.ts'
import { Scheduler } from '../../lib/scheduler/scheduler.ts'
import { Future } from './future.ts'
import type { Workload } from './workload.ts'

/** A request and what became of it. Times are virtual milliseconds. */
export interface Request {
  readonly model: string
  readonly priority: number
  readonly arrivedAt: number
  readonly service: number
  grantedAt: number
}

/** A model's server from its start to its end. What has not happened by the end of the run is Infinity. */
export interface Life {
  readonly model: string
  readonly startedAt: number
  readyAt: number
  /** When a request was last let in, and when the last of them ended; `readyAt` when there was none. */
  lastGrantAt: number
  idleAt: number
  stoppedAt: number
  goneAt: number
  /** The model that it had to make room for. */
  evictor: string | undefined
}

export interface Run {
  readonly requests: readonly Request[]
  readonly lives: readonly Life[]
}

/** Plays a workload against the scheduler as launcher, clients and clock would, in virtual time. */
export function simulate ({ models, arrivals }: Workload, options: SchedulerOptions): Run {
  const scheduler = new Scheduler(options)
  const requests = arrivals.map(({ at, model, priority = 0, service }): Request => ({ model, priority, arrivedAt: at, service, grantedAt: Infinity }))
  const lives: Life[] = []
  // By model: the one that runs.
  const running = new Map<string, Life>()
  const future = new Future<() => SchedulerEvent | undefined>()
  let now = 0
  let wakeAt = Infinity

  function apply (effect: Effect): void {
    switch (effect.type) {
      case 'start': return start(effect.model, effect.generation)
      case 'stop': return stop(running.get(effect.model)!, evictorIn(effect.cause), effect.generation)
      case 'grant': return grant(effect.ticket, running.get(effect.model)!)
      case 'reject': throw new Error(`request ${effect.ticket} is turned away: ${JSON.stringify(effect.why)}`)
      case 'wakeAt': return wake(effect.at)
    }
  }

  function start (model: string, generation: number): void {
    // Nobody leaves here, so that each load has somebody to serve.
    if (lives.length === requests.length) throw new Error(`${lives.length} loads for as many requests, and ${model} is loaded again: some served nobody`)
    const life: Life = { model, startedAt: now, readyAt: Infinity, lastGrantAt: Infinity, idleAt: Infinity, stoppedAt: Infinity, goneAt: Infinity, evictor: undefined }
    lives.push(life)
    running.set(model, life)
    future.add(now + models.get(model)!.load, () => {
      if (life.stoppedAt !== Infinity) return undefined
      life.readyAt = life.lastGrantAt = life.idleAt = now
      return { type: 'ready', model, generation }
    })
  }

  function stop (life: Life, evictor: string | undefined, generation: number): void {
    life.stoppedAt = now
    life.evictor = evictor
    future.add(now + models.get(life.model)!.stop, () => {
      life.goneAt = now
      return { type: 'stopped', model: life.model, generation }
    })
  }

  function grant (ticket: number, life: Life): void {
    const request = requests[ticket]!
    request.grantedAt = life.lastGrantAt = now
    life.idleAt = Math.max(life.idleAt, now + request.service)
    future.add(now + request.service, () => ({ type: 'released', ticket }))
  }

  function wake (at: number): void {
    wakeAt = at
    future.add(Math.max(at, now), () => wakeAt === at ? { type: 'tick' } : undefined)
  }

  for (const [ticket, { model, priority, arrivedAt }] of requests.entries()) {
    future.add(arrivedAt, () => ({ type: 'request', ticket, model, priority, deadline: undefined, cause: 'request' }))
  }
  for (let next = future.take(); next !== undefined; next = future.take()) {
    now = next.at
    const event = next.what()
    if (event !== undefined) for (const effect of scheduler.handle(event, now)) apply(effect)
  }
  const left = requests.findIndex(({ grantedAt }) => grantedAt === Infinity)
  if (left !== -1) throw new Error(`request ${left} for ${requests[left]!.model} is never served`)
  return { requests, lives }
}
