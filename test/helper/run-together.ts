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

const longestFirst = Object.entries(groups).flatMap(([group, beginnings]) => beginnings.map((beginning) => ({ group, beginning })))
  .sort((one, other) => other.beginning.length - one.beginning.length)

/** Runs the test files of a group in this process. */
export async function runTogether (group: keyof typeof groups): Promise<void> {
  // Else a group that nobody runs would not be missed.
  t.strictSame(readdirSync(new URL('../together/', import.meta.url)).sort(), Object.keys(groups).map((name) => `${name}.ts`).sort(), 'each group has its process')
  const folder = new URL('../', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.test.ts') && longestFirst.find(({ beginning }) => name.startsWith(beginning))!.group === group).sort()
  // As long as each would have alone.
  t.setTimeout(names.length * 60_000)
  for (const name of names) await import(new URL(name, folder).href)
}
