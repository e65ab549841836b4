import '../../helper/plain-children.ts'
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { ConfigInput, ModelInput, ModelStatus } from '../../../index.ts'
import { startPort } from '../../helper/app.ts'

const script = fileURLToPath(new URL('gateway.mjs', import.meta.url))
const server = fileURLToPath(new URL('stream-server.mjs', import.meta.url))
// What ends by itself after a while (a connection's close, a timer of undici's) may take so long.
const MAX_REST = 20_000
// Else glibc's allocator raises it when it has freed a large body, and keeps what is freed later or not, as it happens: the memory of the process then says little of what it holds.
const MMAP_THRESHOLD = 1024 * 1024

/** Names and how often there is such a thing. */
export type Counts = Readonly<Record<string, number>>

/** In milliseconds. */
export interface Delay { readonly p50: number, readonly p99: number, readonly max: number, readonly count: number }

/** What the gateway's process can be asked, as `gateway.mjs` has it. */
interface Calls {
  load (model: string): void
  unload (): void
  status (): Pick<ModelStatus, 'model' | 'state' | 'leases' | 'waiting'>[]
  loads (): number
  counts (): Counts
  memory (): number
  rss (): number
  restartLoopDelay (): void
  loopDelay (): { all: Delay, own: Delay, starved: number }
}

export interface Gateway {
  readonly url: string
  call<Name extends keyof Calls> (name: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>>
  /** The counts once they are those that are expected, or, with none, once they are the same twice; after a while those there are. */
  atRest (expected?: Counts): Promise<Counts>
  /** What its servers wrote down: for each request of theirs what became of it, in order. */
  served (): Map<string, string[]>
  /** Closes the app, and waits for the end of the process: its exit code or signal, and what it printed. */
  close (): Promise<{ exit: number | NodeJS.Signals, printed: string }>
}

interface Reply { readonly id: number, readonly result?: unknown, readonly error?: string }

/** Starts a gateway with these models, each served by the stream server; `never` is one that never gets ready. It ends with the test. */
export async function startGateway (t: Test, models: Record<string, Omit<ModelInput, 'cmd'> & { never?: boolean }>, config: Omit<ConfigInput, 'models'> = {}): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'load-'))
  const record = join(folder, 'record')
  const withCommands = Object.fromEntries(Object.entries(models).map(([name, { never = false, ...model }]) => {
    return [name, { ...model, cmd: `"${process.execPath}" "${server}" \${PORT} ${name} "${record}" ${never ? 'never' : ''}` }]
  }))
  const { NODE_OPTIONS: _options, ...env } = process.env
  const options = JSON.stringify({ config: { startPort: startPort(), ...config, models: withCommands }, instance: randomUUID() })
  const child = fork(script, [options], { execArgv: ['--expose-gc', '--trace-warnings'], env: { ...env, MALLOC_MMAP_THRESHOLD_: String(MMAP_THRESHOLD) }, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
  const waiting = new Map<number, { resolve (reply: Reply): void, reject (error: Error): void }>()
  let nextId = 0
  let printed = ''
  let death: Error | undefined
  child.stderr!.setEncoding('utf8').on('data', (text: string) => { printed += text })
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  void exited.then((exit) => {
    death = new Error(`The gateway has ended with ${exit}: ${printed}`)
    for (const { reject } of waiting.values()) reject(death)
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
    rmSync(folder, { recursive: true })
  })
  await Promise.race([once(child, 'message'), exited])
  if (death !== undefined) throw death
  child.on('message', (reply: Reply) => waiting.get(reply.id)?.resolve(reply))

  async function call (name: string, ...args: unknown[]): Promise<never> {
    if (death !== undefined) throw death
    const id = nextId++
    const reply = await new Promise<Reply>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      // That it could not be sent is told by the end of the gateway.
      child.send({ id, name, args }, () => {})
    }).finally(() => waiting.delete(id))
    if (reply.error !== undefined) throw new Error(`${name}: ${reply.error}`)
    return reply.result as never
  }

  return {
    url: await call('url'),
    call,
    async atRest (expected) {
      const end = performance.now() + MAX_REST
      for (let before = expected; ;) {
        const counts: Counts = await call('counts')
        if (performance.now() > end || JSON.stringify(counts) === JSON.stringify(before)) return counts
        before = expected ?? counts
        await delay(500)
      }
    },
    served () {
      const requests = new Map<string, string[]>()
      for (const line of readFileSync(record, 'utf8').split('\n').slice(0, -1)) {
        const [what, id] = line.split(' ') as [string, string]
        const known = requests.get(id)
        if (known === undefined) requests.set(id, [what])
        else known.push(what)
      }
      return requests
    },
    async close () {
      call('close').catch(() => {})
      return { exit: await exited, printed }
    }
  }
}
