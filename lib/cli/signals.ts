import type { FastifyInstance } from 'fastify'
import { thisPlatform } from '../launcher/local/platform/platform.ts'
import { startedByNpm } from './npm.ts'

// npm sends a Ctrl-C on that the terminal has sent to the whole group already: it may come twice.
const ECHO = startedByNpm() ? 500 : 0
const PARENT_POLL = 200
const LAST_WAIT = 1800

/**
 * Closes the app on SIGINT or SIGTERM; a second one kills the servers. Resolves when all is over, which after a second
 * signal takes 2 s at most. `hangUp` says what a SIGHUP is for.
 */
export function closeOnSignals (app: FastifyInstance, say: (text: string) => void, hangUp: (close: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let firstAt: number | undefined
    const close = (why: string): void => {
      if (firstAt !== undefined) return
      firstAt = performance.now()
      say(`${why}: letting requests end, then stopping the servers (again: at once)`)
      app.close().then(resolve, reject)
    }
    const onSignal = (signal: NodeJS.Signals): void => {
      if (firstAt === undefined) return close(signal)
      if (performance.now() - firstAt < ECHO) return
      say(`${signal} again: killing the servers`)
      killServers(app)
      setTimeout(resolve, LAST_WAIT)
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
    process.on('SIGHUP', () => hangUp(() => close('SIGHUP')))
    // npm sends signals to its shell, which may die of them and pass nothing on.
    if (startedByNpm()) onParentGone(() => close('npm is gone'))
  })
}

function onParentGone (callback: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    callback()
  }, PARENT_POLL).unref()
}

function killServers (app: FastifyInstance): void {
  const { models, outgoing } = app.llamaSwap.status()
  for (const { pid } of [...models, ...outgoing]) if (pid !== undefined) thisPlatform.signalGroup(pid, 'SIGKILL')
}
