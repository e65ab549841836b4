import type { Endpoint, Exit, Handle, HandleState, LaunchSpec, OutputLine } from '../../../types/launcher.ts'
import type { Clock } from '../../clock.ts'
import { withPairs } from './environment.ts'
import { lineSplitter } from './lines.ts'
import { releasePort, reservePort } from './port.ts'
import { signalGroup } from './process-group.ts'
import { spawnChild } from './spawn.ts'
import type { Child } from './spawn.ts'
import { stopChild } from './stop.ts'

export interface LaunchOptions {
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly environment: NodeJS.ProcessEnv
  readonly onState?: (state: HandleState) => void
}

/** One server as a child process: port, spawn, output, exit, stop. */
export function launchLocal (spec: LaunchSpec, key: string, { signal, clock, environment, onState }: LaunchOptions): Handle {
  const listeners = new Set<(line: OutputLine) => void>()
  let state: HandleState = 'starting'
  let child: Child | undefined
  let command: readonly string[] = spec.argv
  let stopping: Promise<void> | undefined
  const env = withPairs(environment, spec.env)

  const setState = (next: HandleState): void => {
    state = next
    onState?.(next)
  }

  const launch = async (): Promise<Endpoint> => {
    signal.throwIfAborted()
    const port = usesPort(spec) ? await reservePort(spec.preferredPort) : undefined
    const bind = (text: string): string => port === undefined ? text : text.replaceAll('${PORT}', String(port))
    try {
      signal.throwIfAborted()
      command = spec.argv.map(bind)
      child = await spawnChild(command, env)
    } finally {
      // Held until the child is gone, or was never there.
      if (port !== undefined && child === undefined) releasePort(port)
    }
    if (port !== undefined) void child.exit.then(() => releasePort(port))
    listen(child, clock, (line) => { for (const listener of listeners) listener(line) })
    setState('running')
    return endpointOf(bind(spec.proxy))
  }

  const endpoint = launch()
  const exited = endpoint.then(async (): Promise<Exit> => {
    const { code, signal } = await child!.exit
    const why = stopping === undefined ? 'crashed' : 'stopped'
    setState('exited')
    return { ...(code !== undefined && { code }), ...(signal !== undefined && { signal }), why }
  }, (error: Error): Exit => {
    setState('exited')
    return { why: 'rejected', message: error.message }
  })

  const stop = async (grace: number): Promise<void> => {
    // A launch under way ends by the signal, or has a child to stop.
    await endpoint.catch(() => {})
    if (child === undefined) return
    if (state !== 'exited') setState('stopping')
    await stopChild(child, { stopArgv: spec.stopArgv, env, grace, clock })
    child.process.stdout?.destroy()
    child.process.stderr?.destroy()
  }

  return {
    key,
    get pid () { return child?.pid },
    get command () { return command },
    get state () { return state },
    endpoint: () => endpoint,
    output (listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    stop (grace) {
      // Asked again without grace, a stop under way is cut short.
      if (stopping !== undefined && grace === 0 && child !== undefined) signalGroup(child.pid, 'SIGKILL')
      return stopping ??= stop(grace)
    },
    exited
  }
}

function usesPort (spec: LaunchSpec): boolean {
  return [...spec.argv, spec.proxy].some((text) => text.includes('${PORT}'))
}

function endpointOf (proxy: string): Endpoint {
  const { origin, pathname } = new URL(proxy)
  return { origin, basePath: pathname.replace(/\/+$/, '') }
}

function listen (child: Child, clock: Clock, onLine: (line: OutputLine) => void): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    const splitter = lineSplitter((line) => onLine({ stream, time: clock.epoch(), line }))
    child.process[stream]?.on('data', splitter.write)
    child.process[stream]?.once('close', splitter.end)
  }
}

