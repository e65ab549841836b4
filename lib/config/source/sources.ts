import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { configError } from '../problem.ts'
import { readConfigFile, reasonOf } from './read.ts'

export interface SourceFile {
  /** The path as the operator gave it. */
  readonly file: string
  readonly text: string
}

/** Reads the files of a config, in the order in which they are merged: those named, and the `*.yml` and `*.yaml` files of directories, sorted by name. */
export async function readSources (paths: readonly string[]): Promise<SourceFile[]> {
  if (paths.length === 0) throw configError(['no config was named: give the path of a file or of a directory'])
  const files = (await all(paths.map(listFiles))).flat()
  if (files.length === 0) throw configError([`${paths.join(', ')}: no *.yaml or *.yml file there; add one, or name another directory`])
  const repeated = twice(files)
  if (repeated.length > 0) throw configError(repeated)
  return all(files.map(async (file) => ({ file, text: await readConfigFile(file) })))
}

/** The files that a path stands for: a file is itself, a directory its YAML files. */
export async function listFiles (path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const entries = await readdir(path, { withFileTypes: true })
    return entries.filter((entry) => !entry.isDirectory() && /\.ya?ml$/.test(entry.name)).map(({ name }) => join(path, name)).sort()
  } catch (error) {
    throw new Error(`${path}: ${reasonOf(error)}`)
  }
}

function twice (files: readonly string[]): string[] {
  const seen = new Set<string>()
  return files.flatMap((file) => {
    const path = resolve(file)
    if (seen.has(path)) return [`${file}: it is named twice, by itself and as a file of a directory; remove it from one`]
    seen.add(path)
    return []
  })
}

// All that fail are told together.
async function all<T> (promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises)
  const failed = results.filter((result) => result.status === 'rejected')
  if (failed.length > 0) throw configError(failed.map(({ reason }) => (reason as Error).message))
  return results.map((result) => (result as PromiseFulfilledResult<T>).value)
}
