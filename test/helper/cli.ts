import './plain-children.ts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))

export interface Cli {
  readonly pid: number
  readonly stdout: string
  readonly stderr: string
  /** The JSON lines so far. */
  readonly log: Array<Record<string, unknown>>
  /** The exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>
  kill (signal: NodeJS.Signals): void
  /** Writes to its stdin. */
  type (text: string): void
  /** Resolves with the match once the output (both streams) has it; rejects when the command ends without it. */
  saw (pattern: RegExp): Promise<RegExpExecArray>
  /** Where it says that it listens. */
  url (): Promise<string>
}

/** The words that run the built command. */
export const cliCommand: readonly string[] = [process.execPath, main]

/** Runs the built command. Killed at the end of the test if it still runs. */
export function startCli (t: Test, args: readonly string[], { command = cliCommand, env = {}, cwd = process.cwd() }: { command?: readonly string[], env?: NodeJS.ProcessEnv, cwd?: string } = {}): Cli {
  const [file, ...words] = [...command, ...args]
  // tap's own, which would slow every Node down.
  const { NODE_OPTIONS: _options, ...environment } = process.env
  const child = spawn(file!, words, { env: { ...environment, ...env }, cwd, stdio: 'pipe' })
  child.stdin.on('error', () => {})
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (chunk: string) => { text[name] += chunk })
  const exit = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exit
  })
  const saw = (pattern: RegExp): Promise<RegExpExecArray> => new Promise((resolve, reject) => {
    const look = (): void => {
      const match = pattern.exec(text.stdout) ?? pattern.exec(text.stderr)
      if (match === null) return
      for (const name of ['stdout', 'stderr'] as const) child[name].off('data', look)
      resolve(match)
    }
    for (const name of ['stdout', 'stderr'] as const) child[name].on('data', look)
    void exit.then((code) => reject(new Error(`ended with ${code}, without ${String(pattern)}:\n${text.stdout}${text.stderr}`)))
    look()
  })
  return {
    pid: child.pid!,
    get stdout () { return text.stdout },
    get stderr () { return text.stderr },
    get log () { return text.stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>) },
    exit,
    kill: (signal) => { child.kill(signal) },
    type: (text) => { child.stdin.write(text) },
    saw,
    url: async () => (await saw(/listening at (http:\/\/[^\s"]+)/))[1]!
  }
}

/** POSTs a chat request. */
export function chat (url: string, model: string, body: object = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello there' }], ...body })
  })
}

/** What /running shows, by model. */
export async function running (url: string): Promise<Record<string, { state: string, proxy: string, cmd: string }>> {
  const body = await (await fetch(`${url}/running`)).json() as { running: Array<{ model: string, state: string, proxy: string, cmd: string }> }
  return Object.fromEntries(body.running.map((entry) => [entry.model, entry]))
}
