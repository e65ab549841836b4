import type { Endpoint, LaunchSpec } from '../../types/launcher.ts'
import type { ModelStatus } from '../../types/status.ts'
import { maskOf } from '../config/mask.ts'
import type { LlamaSwapError } from '../errors.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Entry } from './entry.ts'

const TOLD_LINES = 20

/** The requests in a model's queue, and what the first of them waits for. */
export interface Waiting {
  readonly waiting: number
  readonly waitsFor: string | undefined
}

/** How one model stands. */
export function modelStatus ({ subject, model, since }: Entry, scheduler: Scheduler, { waiting, waitsFor }: Waiting): ModelStatus {
  const { config, run, lastError } = model
  const { id, launch } = config
  const origin = originOf(run?.endpoint, launch)
  const basePath = basePathOf(run?.endpoint, launch)
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
    ...(basePath !== '' && { basePath }),
    ...(pid !== undefined && { pid }),
    leases: scheduler.leases(subject),
    waiting,
    ...(waitsFor !== undefined && { waitsFor }),
    ...(lastError !== undefined && { lastError: (lastError as LlamaSwapError).detail ?? lastError.message }),
    lastLines: model.output.last(TOLD_LINES).map(({ line }) => line)
  }
}

function originOf (endpoint: Endpoint | undefined, { proxy }: LaunchSpec): string | undefined {
  if (endpoint?.socketPath !== undefined) return `unix:${endpoint.socketPath}`
  if (endpoint !== undefined) return endpoint.origin
  if (proxy.includes('${PORT}')) return undefined
  return proxy.startsWith('unix:') ? proxy : new URL(proxy).origin
}

function basePathOf (endpoint: Endpoint | undefined, { proxy }: LaunchSpec): string {
  if (endpoint !== undefined) return endpoint.basePath
  return proxy.startsWith('unix:') ? '' : new URL(proxy.replaceAll('${PORT}', '1')).pathname.replace(/\/+$/, '')
}
