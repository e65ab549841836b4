import { fileURLToPath } from 'node:url'

export const page = fileURLToPath(new URL('../../docs/scheduling.md', import.meta.url))

const BEGIN = '<!-- npm run bench:scheduler -- --write -->'
const END = '<!-- end -->'

/** The page with this table in the place of the one it has. */
export function embed (text: string, table: string): string {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END, begin)
  if (begin === -1 || end === -1) throw new Error(`docs/scheduling.md has no place for the table: ${BEGIN} and ${END} around it`)
  return `${text.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`
}
