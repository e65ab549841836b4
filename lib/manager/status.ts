import type { ModelStatus } from '../../types/status.ts'
import { maskOf } from '../config/mask.ts'
import type { LlamaSwapError } from '../errors.ts'
import type { Model } from '../model/model.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'

const TOLD_LINES = 20

/** How one model stands. */
export function modelStatus (model: Model, since: number, scheduler: Scheduler): ModelStatus {
  const { config, run, lastError } = model
  const { id, launch } = config
  const origin = run?.endpoint?.origin ?? (launch.proxy.includes('${PORT}') ? undefined : new URL(launch.proxy).origin)
  const pid = run?.handle.pid
  const mask = maskOf(config)
  return {
    model: id,
    state: model.state,
    since,
    name: config.name,
    description: config.description,
    aliases: config.aliases,
    unlisted: config.unlisted,
    ttl: config.ttl / 1000,
    command: (run?.handle.command ?? launch.argv).map(mask),
    ...(origin !== undefined && { origin }),
    ...(pid !== undefined && { pid }),
    leases: scheduler.leases(id),
    waiting: scheduler.waiting(id),
    ...(lastError !== undefined && { lastError: mask((lastError as LlamaSwapError).detail ?? lastError.message) }),
    lastLines: model.output.last(TOLD_LINES).map(mask)
  }
}
