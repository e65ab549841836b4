import type { SchedulerInput } from '../../../types/routing.ts'
import { localModel } from '../naming/local-names.ts'
import type { LocalNames } from '../naming/local-names.ts'
import type { Resolution } from '../naming/resolution.ts'
import type { Problem } from '../problem.ts'

const SCHEDULERS = ['fair', 'fifo'] as const
const PATH = ['routing', 'scheduler']
const DAY = 86_400

export interface SchedulerConfig {
  readonly use: typeof SCHEDULERS[number]
  /** By model id; a model that is not there has 0. */
  readonly priority: ReadonlyMap<string, number>
  readonly fair: FairConfig
}

/** Times are milliseconds. */
export interface FairConfig {
  readonly maxWait: number
  readonly minResidency: number
  readonly maxQueue: number
}

export function resolveScheduler ({ use, settings }: SchedulerInput, names: LocalNames): Resolution<SchedulerConfig> {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const known = use ? SCHEDULERS.find((name) => name === use) : 'fair'
  if (known === undefined) problems.push({ path: [...PATH, 'use'], message: `unknown scheduler "${use}" (valid: ${SCHEDULERS.join(', ')})` })
  if (known === 'fifo' && settings?.fair != null) warnings.push({ path: [...PATH, 'settings', 'fair'], message: 'has no effect: routing.scheduler.use is "fifo"' })

  const priority = resolvePriority(settings?.fifo?.priority ?? {}, names, problems, warnings)
  const { maxWait = 10, minResidency = 30, maxQueue = 512 } = settings?.fair ?? {}
  const check = (key: string, holds: boolean, message: string): void => {
    if (!holds) problems.push({ path: [...PATH, 'settings', 'fair', key], message })
  }
  check('maxWait', maxWait >= 0 && maxWait <= DAY, `must be between 0 and ${DAY} seconds`)
  check('minResidency', minResidency >= 0 && minResidency <= DAY, `must be between 0 and ${DAY} seconds`)
  check('maxQueue', Number.isSafeInteger(maxQueue) && maxQueue >= 1, 'must be a whole number, 1 or more')
  const fair = Object.freeze({ maxWait: maxWait * 1000, minResidency: minResidency * 1000, maxQueue })
  return { value: Object.freeze({ use: known ?? 'fair', priority, fair }), problems, warnings }
}

function resolvePriority (input: Record<string, number>, names: LocalNames, problems: Problem[], warnings: Problem[]): ReadonlyMap<string, number> {
  const priority = new Map<string, number>()
  const entries = Object.entries(input)
  // Ids last, so that they win over aliases.
  for (const [name, value] of [...entries.filter(([name]) => !names.ids.has(name)), ...entries.filter(([name]) => names.ids.has(name))]) {
    const path = [...PATH, 'settings', 'fifo', 'priority', name]
    const model = localModel(names, name)
    if (model === undefined) problems.push({ path, message: `unknown model "${name}"` })
    else {
      if (priority.has(model) && priority.get(model) !== value) warnings.push({ path, message: `the model "${model}" has a priority under another name too; this one counts` })
      priority.set(model, value)
    }
  }
  return priority
}
