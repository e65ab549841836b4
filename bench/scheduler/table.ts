import type { SchedulerOptions } from '../../lib/scheduler/messages.ts'
import { optionsFor } from '../../test/helper/scheduler-world.ts'
import { waitsAndBounds } from './bound.ts'
import { greedyMeanWait } from './greedy.ts'
import { measure } from './measures.ts'
import { scenarios } from './scenarios.ts'
import type { Scenario } from './scenarios.ts'
import { simulate } from './simulate.ts'

const COLUMNS = ['Scenario', 'Order', 'Swaps in 1,000', 'Mean wait', 'p99', 'Longest', 'Jain', 'Nearest to its bound', 'Greedy\'s mean']

/** Options as an operator's who has written nothing, but for a queue that turns nobody away. */
export function optionsOf ({ models }: Pick<Scenario, 'models'>, use: 'fair' | 'fifo'): SchedulerOptions {
  return optionsFor({ models: [...models.keys()], maxQueue: Infinity, routing: { routing: { scheduler: { use } } } })
}

/** All scenarios under both orders, as a Markdown table; the same one wherever it is made. */
export function scenarioTable (): string {
  const rows = scenarios.flatMap((scenario) => {
    const greedy = seconds(greedyMeanWait(scenario))
    return (['fifo', 'fair'] as const).map((use) => [...row(scenario, use), greedy])
  })
  return [COLUMNS, COLUMNS.map((_, index) => index < 2 ? '---' : '--:'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function row (scenario: Scenario, use: 'fair' | 'fifo'): string[] {
  const options = optionsOf(scenario, use)
  const run = simulate(scenario, options)
  const { swaps, mean, p99, longest, fairness } = measure(run)
  // Who found its model stopped and nothing in its way waits for its load and for nobody.
  const shares = waitsAndBounds(run, scenario, options).filter(({ turns }) => turns > 0).map(({ wait, bound }) => wait / bound)
  const nearest = use === 'fifo' ? 'none' : `${Math.round(100 * Math.max(0, ...shares))} %`
  return [scenario.name, `\`${use}\``, String(Math.round(swaps)), seconds(mean), seconds(p99), seconds(longest), fairness.toFixed(2), nearest]
}

function seconds (ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
