// Starting a test process costs more than most test files take, so `npm test` runs many in one, by what they are about. Each also runs alone.
import { readdirSync } from 'node:fs'
import t from 'tap'

/** Which files share a process, by how their names begin; the longest that fits counts. What none names is in `rest`. */
const groups = {
  scheduler: ['scheduler'],
  body: ['body-'],
  config: ['config-', 'fuzz-'],
  cli: ['cli.', 'cli-c', 'cli-e', 'cli-f'],
  service: ['cli-', 'demo', 'watch'],
  reload: ['cli-reload', 'reload'],
  package: ['docs-', 'examples', 'library', 'package'],
  processes: ['launcher-', 'orphans', 'platform-'],
  servers: ['after-failure', 'close', 'lives-', 'model-life', 'readiness', 'stop', 'time-', 'timeouts'],
  swaps: ['cancellation', 'preload', 'scheduling-', 'selectors', 'serve-', 'stuck-', 'swaps-'],
  streams: ['event-streams', 'loading-', 'stream-', 'truncation', 'upgrade-', 'websocket'],
  upstream: ['testing-', 'unix-', 'upstream-'],
  rest: ['']
} satisfies Record<string, string[]>

function groupOf (name: string): string | undefined {
  let best: { group: string, length: number } | undefined
  for (const [group, beginnings] of Object.entries(groups)) {
    for (const beginning of beginnings) {
      if (name.startsWith(beginning) && (best === undefined || beginning.length > best.length)) best = { group, length: beginning.length }
    }
  }
  return best?.group
}

/** Runs the test files of a group in this process. */
export async function runTogether (group: keyof typeof groups): Promise<void> {
  const folder = new URL('../', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.test.ts') && groupOf(name) === group).sort()
  // As long as each would have alone.
  t.setTimeout(names.length * 60_000)
  for (const name of names) await import(new URL(name, folder).href)
}
