import { existsSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv']

let setpriv: string | undefined | null

/**
 * Puts a program under Linux's parent-death signal where `setpriv` exists: the kernel itself ends it when we die.
 * Only from the main thread: the signal is bound to the thread that started it.
 *
 * @param program - an absolute path, checked before: setpriv's own errors would hide why it cannot run
 */
export function underParentDeath (program: string, args: readonly string[]): [program: string, args: readonly string[]] {
  if (process.platform !== 'linux' || !isMainThread) return [program, args]
  if (setpriv === undefined) setpriv = SETPRIV.find((file) => existsSync(file)) ?? null
  return setpriv === null ? [program, args] : [setpriv, ['--pdeathsig', 'TERM', '--', program, ...args]]
}
