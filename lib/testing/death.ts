import type { Socket } from 'node:net'
import type { Fault } from './faults.ts'

/** How a connection is cut off: closed or reset, or the whole process killed. */
export type Death = NonNullable<Fault['die']>

/** The ways there are. */
export const deaths: readonly Death[] = ['fin', 'rst', 'sigkill']

/** Cuts a connection off. */
export function cutOff (socket: Socket, how: Death): void {
  if (how === 'sigkill') process.kill(process.pid, 'SIGKILL')
  else if (how === 'rst') socket.resetAndDestroy()
  else socket.destroySoon()
}
