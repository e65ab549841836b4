import type { Endpoint, Exit, Handle, HandleState, LaunchSpec, OutputLine } from '../../../types/launcher.ts'
import type { Clock } from '../../clock.ts'
import { brake } from './brake.ts'
import { withPairs } from './environment.ts'
import { localPort, parseEndpoint } from './endpoint.ts'
import { guardGroup, unguardGroup } from './guard.ts'
import { lineSplitter } from './lines.ts'
import { createMarks } from './mark.ts'
import type { Owner } from './mark.ts'
import { accepts, releasePort, reservePort } from './port.ts'
import { signalGroup } from './process-group.ts'
import { spawnChild } from './spawn.ts'
import type { Child } from './spawn.ts'
import { stopChild } from './stop.ts'
import { describeListener, findStranger } from './stranger.ts'

export interface LaunchOptions {
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly environment: NodeJS.ProcessEnv
  readonly owner: Owner
  /** What must be over before anything is started. */
  readonly ready: Promise<void>
  /** Told what may go wrong, in words. */
  readonly onWarning: (message: string) => void
  readonly onState?: (state: HandleState) => void
}

/** One server as a child process: port, spawn, output, exit, stop. */
export function launchLocal (spec: LaunchSpec, key: string, { signal, clock, environment, owner, ready, onState, onWarning }: LaunchOptions): Handle {
  const listeners = new Set<(line: OutputLine) => void>()
  const lateBound = usesPort(spec)
  const marks = createMarks(owner)
  let state: HandleState = 'starting'
  let child: Child | undefined
  let command: readonly string[] = spec.argv
  let port: number | undefined
  let stopping: Promise<void> | undefined

  const bind = (text: string): string => port === undefined ? text : text.replaceAll('${PORT}', String(port))
  const env = (): NodeJS.ProcessEnv => ({ ...withPairs(environment, spec.env.map(bind)), ...marks.environment })
  const stopArgv = (): readonly string[] | undefined => spec.stopArgv?.map(bind)

  const setState = (next: HandleState): void => {
    state = next
    onState?.(next)
  }

  const launch = async (): Promise<Endpoint> => {
    await ready
    signal.throwIfAborted()
    if (lateBound) port = await reservePort(spec.preferredPort)
    else await warnOfStranger(parseEndpoint(spec.proxy), onWarning)
    try {
      signal.throwIfAborted()
      command = spec.argv.map(bind)
      child = await spawnChild(command, env())
    } finally {
      // Held until the child is gone, or was never there.
      if (port !== undefined && child === undefined) releasePort(port)
    }
    guardGroup(child.pid, child.startTime, stopArgv())
    listen(child, clock, (line) => { for (const listener of listeners) listener(line) })
    void child.exit.then(() => { if (port !== undefined && lateBound) releasePort(port) })
    setState('running')
    const endpoint = parseEndpoint(bind(spec.proxy))
    if (!lateBound) port = localPort(endpoint)
    return endpoint
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
    await stopChild(child, { stopArgv: stopArgv(), env: env(), grace, clock, run: marks.run, port })
    // A zombie counts as gone before Node has told of its exit; who starts the next server must find this one exited.
    await child.exit
    unguardGroup(child.pid)
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
      if (stopping !== undefined && grace === 0 && child !== undefined) signalGroup(child, 'SIGKILL')
      stopping ??= stop(grace)
      return stopping
    },
    async stranger () {
      if (port === undefined || !lateBound) return undefined
      if (state === 'exited') return await accepts(port) ? `port ${port} is taken by ${await describeListener(port)}` : undefined
      // A container's port is opened by its engine, which is older than any server.
      const stranger = child === undefined || spec.stopArgv !== undefined ? undefined : await findStranger(port, child.pid)
      return stranger === undefined ? undefined : `port ${port} is answered by ${stranger}`
    },
    exited
  }
}

function usesPort (spec: LaunchSpec): boolean {
  return [...spec.argv, spec.proxy].some((text) => text.includes('${PORT}'))
}

// A port of the operator's choice cannot be exchanged for a free one, and a server may mean to share it; but it is worth a word.
async function warnOfStranger (endpoint: Endpoint, onWarning: (message: string) => void): Promise<void> {
  const port = localPort(endpoint)
  const { host, hostname } = new URL(endpoint.origin)
  if (port === undefined || !await accepts(port, hostname.replace(/^\[|\]$/g, ''))) return
  const who = await describeListener(port)
  onWarning(`${who} accepts connections at ${host} already, before the server is started: it may get the server's requests. \${PORT} in cmd and proxy gives the server a port of its own`)
}

function listen (child: Child, clock: Clock, onLine: (line: OutputLine) => void): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    const output = child.process[stream]
    if (output === null) continue
    const splitter = lineSplitter((line) => onLine({ stream, time: clock.epoch(), line }))
    output.on('data', splitter.write)
    output.once('close', splitter.end)
    brake(output, clock)
  }
}
