import { stat } from 'node:fs/promises'
import { listFiles } from '../config/source/sources.ts'

/** How the files of a config stand, and its directories, by path. */
export type Snapshot = ReadonlyMap<string, FileState>

interface FileState {
  /** Bytes of a file, files of a directory. */
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

/** Whether a file or a directory has lost all that it held: it is about to be filled again. */
export function isEmptied (now: Snapshot, before: Snapshot | undefined): boolean {
  return [...now].some(([path, { size }]) => size === 0n && (before?.get(path)?.size ?? 0n) > 0n)
}

async function statesOf (path: string): Promise<Array<[string, FileState]>> {
  const files = await listFiles(path)
  const states = await Promise.all(files.map(async (file): Promise<[string, FileState]> => [file, await stateOf(file)]))
  const isFile = files.length === 1 && files[0] === path
  return isFile ? states : [[path, { size: BigInt(files.length), mark: files.join() }], ...states]
}

async function stateOf (file: string): Promise<FileState> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
  return { size, mark: [ino, size, mtimeNs, ctimeNs].join(' ') }
}
