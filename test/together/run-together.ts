// Starting a process costs more than most tests of pure code take, so `npm test` runs many in one. Each also runs alone.
import { readFileSync, readdirSync } from 'node:fs'

const root = new URL('../../', import.meta.url)
const { tap } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { tap: { exclude: string[] } }

/** Runs those test files in this process that tap leaves out, by their globs. */
export async function runTogether (isMine: (glob: string) => boolean): Promise<void> {
  const patterns = tap.exclude.filter(isMine).map((glob) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`))
  for (const name of readdirSync(new URL('test/', root)).sort()) {
    const path = `test/${name}`
    if (patterns.some((pattern) => pattern.test(path))) await import(new URL(path, root).href)
  }
}
