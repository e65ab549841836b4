import type { Config } from '../config/config.ts'
import type { SchedulerOptions, Terms } from '../scheduler/messages.ts'
import { fair, fifo } from '../scheduler/order.ts'
import { createPolicy } from '../scheduler/policy.ts'
import type { Entry } from './entry.ts'

/** What the scheduler must know of a config, and of the generations that its models are in. */
export function schedulerOptions ({ routing: { router, scheduler } }: Config, entries: readonly Entry[]): SchedulerOptions {
  const models = new Map(entries.map(({ subject: { model, generation }, model: { config } }): [string, Terms] => [
    model, { generation, ttl: config.ttl, priority: scheduler.priority.get(model) ?? 0, limit: config.concurrencyLimit ?? 0 }
  ]))
  const order = scheduler.use === 'fifo' ? fifo : fair(scheduler.fair)
  return { models, policy: createPolicy(router), order, maxQueue: scheduler.fair.maxQueue }
}
