import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** How the files of a config stand, by path. */
export type Snapshot = ReadonlyMap<string, FileState>

interface FileState {
  readonly size: bigint
  /** Differs whenever the file has been written, or another one has taken its place. */
  readonly mark: string
}

/** Looks at files and at the YAML files of directories, through symbolic links. Undefined while one is missing, or out of reach. */
export async function takeSnapshot (paths: readonly string[]): Promise<Snapshot | undefined> {
  try {
    return new Map((await Promise.all(paths.map(statesOf))).flat())
  } catch {
    return undefined
  }
}

/** Whether nothing has changed between two looks. */
export function isSame (one: Snapshot | undefined, other: Snapshot | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.size === other.size && [...one].every(([path, { mark }]) => other.get(path)?.mark === mark)
}

/** Whether a file has lost all that it held: an editor is about to write it again. */
export function isEmptied (now: Snapshot, before: Snapshot | undefined): boolean {
  return [...now].some(([path, { size }]) => size === 0n && (before?.get(path)?.size ?? 0n) > 0n)
}

async function statesOf (path: string): Promise<Array<[string, FileState]>> {
  const stats = await stat(path, { bigint: true })
  if (!stats.isDirectory()) return [[path, stateOf(stats)]]
  const entries = await readdir(path, { withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory() && /\.ya?ml$/.test(entry.name)).map(({ name }) => join(path, name))
  // Somebody is about to fill it again.
  if (files.length === 0) throw new Error(`${path} is empty`)
  return Promise.all(files.map(async (file): Promise<[string, FileState]> => [file, stateOf(await stat(file, { bigint: true }))]))
}

function stateOf ({ ino, size, mtimeNs, ctimeNs }: { ino: bigint, size: bigint, mtimeNs: bigint, ctimeNs: bigint }): FileState {
  return { size, mark: [ino, size, mtimeNs, ctimeNs].join(' ') }
}
