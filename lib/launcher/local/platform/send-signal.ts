/** Sends a signal to a process, or to every process of a group (a negative pid). False when there is none. */
export function sendSignal (target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal)
    return true
  } catch (error) {
    // EPERM: it exists, though not ours to signal.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
