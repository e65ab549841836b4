// npm run bench:scheduler [-- --write | --events]
import { readFileSync, writeFileSync } from 'node:fs'
import { eventTables } from './events.ts'
import { embed, page } from './page.ts'
import { scenarioTable } from './table.ts'
import { drawings } from './drawings.ts'

const [flag] = process.argv.slice(2)
if (flag === '--events') console.log(eventTables())
else if (flag === undefined || flag === '--write') {
  const table = scenarioTable()
  console.log(table)
  if (flag === '--write') {
    writeFileSync(page, embed(readFileSync(page, 'utf8'), table))
    for (const { file, svg } of drawings()) writeFileSync(file, svg)
  }
} else {
  console.error(`bench:scheduler knows --write (brings docs/scheduling.md and its pictures up to date) and --events (times single events), not ${flag}`)
  process.exitCode = 1
}
