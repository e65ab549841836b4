import type { GroupInput, MatrixInput, RoutingInput } from '../../../types/routing.ts'
import type { LocalNames } from '../naming/local-names.ts'
import type { Resolution } from '../naming/resolution.ts'
import { resolveRouter } from './router.ts'
import type { Router } from './router.ts'
import { resolveScheduler } from './scheduler.ts'
import type { SchedulerConfig } from './scheduler.ts'

export interface Routing {
  readonly router: Router
  readonly scheduler: SchedulerConfig
}

/** The top-level keys that say who runs beside whom, and who is next. */
export interface RoutingKeys {
  groups?: Record<string, GroupInput> | undefined
  matrix?: MatrixInput | undefined
  routing?: RoutingInput | undefined
}

export function resolveRouting ({ groups, matrix, routing }: RoutingKeys, { names }: { names: LocalNames }): Resolution<Routing> {
  const router = resolveRouter({ groups, matrix, router: routing?.router }, names)
  const scheduler = resolveScheduler(routing?.scheduler ?? {}, names)
  return {
    value: Object.freeze({ router: router.value, scheduler: scheduler.value }),
    problems: [...router.problems, ...scheduler.problems],
    warnings: [...router.warnings, ...scheduler.warnings]
  }
}
