import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { ConfigInput, ModelInput, ModelStatus } from '../../../index.ts'
import { startPort } from '../../helper/app.ts'
import { atRest } from '../../helper/at-rest.ts'
import type { Counts } from '../../helper/at-rest.ts'
import { startCalled } from '../../helper/called-process.ts'
import type { CalledProcess } from '../../helper/called-process.ts'

const script = fileURLToPath(new URL('gateway.mjs', import.meta.url))
const server = fileURLToPath(new URL('stream-server.mjs', import.meta.url))
// Else glibc's allocator raises it when it has freed a large body, and keeps what is freed later or not, as it happens: the memory of the process then says little of what it holds.
const MMAP_THRESHOLD = 1024 * 1024

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

export interface Gateway extends Pick<CalledProcess, 'close'> {
  readonly url: string
  call<Name extends keyof Calls> (name: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>>
  /** The counts, once they are at rest. */
  atRest (expected?: Counts): Promise<Counts>
  /** What its servers wrote down: for each request of theirs what became of it, in order. */
  served (): Map<string, string[]>
}

/** Starts a gateway with these models, each served by the stream server; `never` is one that never gets ready. It ends with the test. */
export async function startGateway (t: Test, models: Record<string, Omit<ModelInput, 'cmd'> & { never?: boolean }>, config: Omit<ConfigInput, 'models'> = {}): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'load-'))
  const record = join(folder, 'record')
  const withCommands = Object.fromEntries(Object.entries(models).map(([name, { never = false, ...model }]) => {
    return [name, { ...model, cmd: `"${process.execPath}" "${server}" \${PORT} ${name} "${record}" ${never ? 'never' : ''}` }]
  }))
  // Before the process, which ends first then.
  t.teardown(() => rmSync(folder, { recursive: true }))
  const options = { config: { startPort: startPort(), ...config, models: withCommands }, instance: randomUUID() }
  const gateway = await startCalled(t, script, options, { MALLOC_MMAP_THRESHOLD_: String(MMAP_THRESHOLD) })

  async function call (name: string, ...args: unknown[]): Promise<never> {
    const { result, error } = await gateway.call(name, ...args)
    if (error !== undefined) throw new Error(`${name}: ${error}`)
    return result as never
  }

  return {
    url: await call('url'),
    call,
    close: gateway.close,
    atRest: (expected) => atRest(() => call('counts'), expected),
    served () {
      const requests = new Map<string, string[]>()
      for (const line of readFileSync(record, 'utf8').split('\n').slice(0, -1)) {
        const [what, id] = line.split(' ') as [string, string]
        const known = requests.get(id)
        if (known === undefined) requests.set(id, [what])
        else known.push(what)
      }
      return requests
    }
  }
}
