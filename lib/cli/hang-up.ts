import { isatty } from 'node:tty'

const STANDARD_STREAMS = [0, 1, 2]

/**
 * Says what a SIGHUP is for: somebody wants the config read again, or the terminal was closed. Call it at the start, while the
 * terminal is there.
 */
export function watchTerminal (): () => 'reload' | 'close' {
  const terminals = STANDARD_STREAMS.filter((fd) => isatty(fd))
  // On Windows the signal has no other cause than a closed window.
  return () => process.platform === 'win32' || terminals.some((fd) => !isatty(fd)) ? 'close' : 'reload'
}
