import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Config } from './config.ts'
import type { Problem } from './problem.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is none; create it',
  ENOTDIR: 'a part of the path is a file; choose another place'
}

/** Whether the file of `store.path` can be written, or made. */
export async function checkStore (store: Config['store']): Promise<Problem[]> {
  if (store === undefined || store.path === ':memory:') return []
  const report = (message: string): Problem[] => [{ path: ['store', 'path'], message }]
  const { path } = store
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error)
  if (!(found instanceof Error) && found.isDirectory()) return report(`${path} is a directory, not a file; name a file in it`)
  const target = found instanceof Error ? dirname(path) : path
  const error = found instanceof Error && found.code !== 'ENOENT' ? found : await access(target, constants.W_OK).then(() => undefined, (error: NodeJS.ErrnoException) => error)
  if (error === undefined) return []
  return report(`${target === path ? path : `the directory ${target}`} is not writable: ${reasons[error.code ?? ''] ?? 'permission denied; choose another place'}`)
}
