import type { SchedulerOptions } from '../../lib/scheduler/messages.ts'
import { createResident } from '../../lib/scheduler/resident.ts'
import type { Life, Request, Run } from './simulate.ts'
import type { Workload } from './workload.ts'

export interface Wait {
  readonly request: Request
  readonly wait: number
  readonly bound: number
  /** How many turns of models it counts. */
  readonly turns: number
}

/**
 * What each request has waited, and what invariant 6 allows it: its own load, and for each turn of a model before it `maxWait`, that model's drain
 * (from the last request let in to the end of the last) and its stop, and its load if that began while the request waited. Of these each model has one
 * turn; whatever was there already when the request came is a turn of its own. A point of priority is worth `maxWait`: what others have more of it comes on top.
 */
export function waitsAndBounds ({ requests, lives }: Run, { models }: Pick<Workload, 'models'>, options: SchedulerOptions): Wait[] {
  const { maxWait } = options.order
  const priorityOf = ({ model, priority }: Request): number => priority + options.models.get(model)!.priority
  const highest = requests.reduce((most, request) => Math.max(most, priorityOf(request)), -Infinity)
  const roomOf = rooms(options)
  return requests.map((request) => {
    const from = request.arrivedAt + (highest - priorityOf(request)) * maxWait
    let bound = from - request.arrivedAt + models.get(request.model)!.load
    let present = 0
    const turns = new Map<string, number>()
    for (const life of lives) {
      if (!isBefore(life, request, from) || roomOf(life.model) !== roomOf(request.model)) continue
      const turn = maxWait + Math.max(0, life.idleAt - life.lastGrantAt) + models.get(life.model)!.stop
      if (life.startedAt <= from) {
        present++
        bound += turn + Math.max(0, life.readyAt - from)
      } else turns.set(life.model, Math.max(turns.get(life.model) ?? 0, turn + models.get(life.model)!.load))
    }
    for (const turn of turns.values()) bound += turn
    return { request, wait: request.grantedAt - request.arrivedAt, bound, turns: present + turns.size }
  })
}

/** Whether a server was there, at least in part, between these times, and is another than the one that serves the request. */
function isBefore ({ model, startedAt, readyAt, goneAt }: Life, request: Request, from: number): boolean {
  const serves = model === request.model && readyAt <= request.grantedAt && goneAt > request.grantedAt
  return startedAt < request.grantedAt && goneAt > from && !serves
}

/** Models of one room may have to wait for each other, be it by way of others; those of another room never. */
function rooms ({ models, policy }: SchedulerOptions): (model: string) => string {
  const roomOf = new Map([...models.keys()].map((model) => [model, model]))
  for (const one of models.keys()) {
    for (const other of models.keys()) {
      if (one === other || policy.evictions(one, [createResident({ model: other, generation: 0 })]).length === 0) continue
      const [kept, joined] = [roomOf.get(one)!, roomOf.get(other)!]
      for (const [model, room] of roomOf) if (room === joined) roomOf.set(model, kept)
    }
  }
  return (model) => roomOf.get(model)!
}
