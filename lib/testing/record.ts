import { appendFileSync } from 'node:fs'

/** One line of the file that `record` names. */
export interface UpstreamEvent {
  /**
   * `start`: the program runs; `fork`: the grandchild (`child`) is in place; `listen`; `ready`: from now on `/health` would answer 200;
   * `first-200`: it did; `cancelled`: a client left before its answer (`path`) was finished; `sigterm`: one came, also an ignored one;
   * `exit`: with `code`. A SIGKILL leaves no line.
   */
  event: 'start' | 'fork' | 'listen' | 'ready' | 'first-200' | 'cancelled' | 'sigterm' | 'exit'
  pid: number
  name: string
  /** `Date.now()`. */
  now: number
  /** `process.hrtime.bigint()` as a string: on one machine it can be compared between processes. */
  hrtime: string
  child?: number
  path?: string
  code?: number
}

/** Notes one event of the upstream's life. */
export type Recorder = (event: UpstreamEvent['event'], details?: Pick<UpstreamEvent, 'child' | 'path' | 'code'>) => void

/** Synchronous, so that an event is on the disk before whatever follows from it, and also while the process exits. */
export function recorder (file: string | undefined, name: string): Recorder {
  if (file === undefined) return () => {}
  return (event, details) => {
    const line: UpstreamEvent = { event, pid: process.pid, name, now: Date.now(), hrtime: process.hrtime.bigint().toString(), ...details }
    appendFileSync(file, JSON.stringify(line) + '\n')
  }
}
