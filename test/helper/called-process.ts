import './plain-children.ts'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'

/** What a call has come to: a result, or the code or text of an error. */
export interface Reply { readonly result?: unknown, readonly error?: string }

/** A process that does what it is called for, as `serve-calls.mjs` has it. */
export interface CalledProcess {
  /** Rejects when the process has ended. */
  call (name: string, ...args: unknown[]): Promise<Reply>
  /** Calls `close`, and waits for the end of the process: its exit code or signal, and what it printed. */
  close (): Promise<{ exit: number | NodeJS.Signals, printed: string }>
}

/** Starts a gateway of its own process, for figures that are only its own. It ends with the test. */
export async function startCalled (t: Test, script: string, options: object, env: NodeJS.ProcessEnv = {}): Promise<CalledProcess> {
  const { NODE_OPTIONS: _options, ...environment } = process.env
  const child = fork(script, [JSON.stringify(options)], {
    execArgv: ['--expose-gc', '--trace-warnings', '--disable-warning=ExperimentalWarning'], env: { ...environment, ...env }, stdio: ['ignore', 'inherit', 'pipe', 'ipc'], serialization: 'advanced'
  })
  const waiting = new Map<number, { resolve (reply: Reply): void, reject (error: Error): void }>()
  let nextId = 0
  let printed = ''
  let death: Error | undefined
  child.stderr!.setEncoding('utf8').on('data', (text: string) => { printed += text })
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  void exited.then((exit) => {
    death = new Error(`the gateway ended with ${exit}: ${printed}`)
    for (const { reject } of waiting.values()) reject(death)
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  await Promise.race([once(child, 'message'), exited])
  if (death !== undefined) throw death
  child.on('message', ({ id, ...reply }: Reply & { id: number }) => waiting.get(id)?.resolve(reply))

  function call (name: string, ...args: unknown[]): Promise<Reply> {
    const id = nextId++
    return new Promise<Reply>((resolve, reject) => {
      if (death !== undefined) return reject(death)
      waiting.set(id, { resolve, reject })
      // That it could not be sent is told by the end of the gateway.
      child.send({ id, name, args }, () => {})
    }).finally(() => waiting.delete(id))
  }
  return {
    call,
    async close () {
      call('close').catch(() => {})
      return { exit: await exited, printed }
    }
  }
}
