import { execFile, spawn } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import OpenAI from 'openai'
import type { Test } from 'tap'
import { startApp } from '../../helper/app.ts'
import type { Setup, TestApp } from '../../helper/app.ts'
import { writeModel } from './make-gguf.ts'
import type { ModelKind, ModelShape } from './make-gguf.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const cache = `${root}.cache`
const script = fileURLToPath(new URL('llama-server.sh', import.meta.url))

/** The first download may take its time; then it is given up. */
const INSTALL_TIMEOUT = 120_000

/** The command of a real llama-server, or why there is none. */
export async function findLlamaServer (): Promise<string | { skip: string }> {
  const { LLAMA_SERVER: own } = process.env
  if (own !== undefined && own !== '') {
    // Asked for by name: another one in its place would be a surprise.
    if (!await runs(own)) throw new Error(`LLAMA_SERVER is set, but ${own} --version does not run`)
    return own
  }
  if (await runs('llama-server')) return 'llama-server'
  const installed = `${cache}/llama-server/llama-server`
  if (await runs(installed)) return installed
  const problem = await install()
  if (problem === undefined && await runs(installed)) return installed
  return { skip: `no llama-server: LLAMA_SERVER is not set, none is on the PATH, and none could be installed (${problem ?? 'what was installed does not run'})` }
}

async function runs (command: string): Promise<boolean> {
  try {
    await promisify(execFile)(command, ['--version'], { timeout: 10_000 })
    return true
  } catch {
    return false
  }
}

/** Installs llama-server into the cache; the problem, if there is one. */
async function install (): Promise<string | undefined> {
  // A group of its own, so that apt goes with the script when the time is up.
  const child = spawn(script, [`${cache}/llama-server`], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { output += text })
  const end = (signal: NodeJS.Signals) => { try { process.kill(-child.pid!, signal) } catch {} }
  const timers = [
    setTimeout(() => { output += `\nnot ready after ${INSTALL_TIMEOUT / 1000} s`; end('SIGTERM') }, INSTALL_TIMEOUT),
    setTimeout(() => end('SIGKILL'), INSTALL_TIMEOUT + 5000)
  ]
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => { output += `\n${error.message}`; resolve(null) })
    child.once('close', resolve)
  })
  for (const timer of timers) clearTimeout(timer)
  return code === 0 ? undefined : output.trim().split('\n').at(-1)
}

/** For the top of a test file: the server's command, or `undefined` when the file is to be skipped, which it then says. */
export async function serverOrSkip (t: Test): Promise<string | undefined> {
  // More than the runner gives a file, as the install may be slow.
  t.setTimeout(INSTALL_TIMEOUT + 120_000)
  const found = await findLlamaServer()
  if (typeof found === 'string') return found
  t.plan(0, found.skip)
  return undefined
}

const MODELS = {
  /** Two chat models with the same shape and different words. */
  'chat-a': ['chat', { name: 'tiny-random-chat-a' }],
  'chat-b': ['chat', { seed: 7, name: 'tiny-random-chat-b' }],
  embed: ['embed', {}],
  rerank: ['rerank', {}],
  /** Never ends a reply by itself, and takes its time over each token; only its context ends it. */
  endless: ['chat', { embd: 256, layers: 4, ff: 768, ctx: 32_768, eos: -10, name: 'tiny-random-chat-endless' }]
} satisfies Record<string, [ModelKind, ModelShape]>

export type ModelName = keyof typeof MODELS

/** The files of the models; those that are missing, or older than what makes them, are written. */
export function models (): Record<ModelName, string> {
  const directory = `${cache}/models`
  mkdirSync(directory, { recursive: true })
  const makers = ['make-gguf.ts', 'server.ts'].map((name) => statSync(new URL(name, import.meta.url)).mtimeMs)
  const files = Object.entries(MODELS).map(([name, [kind, shape]]) => {
    const file = `${directory}/${name}.gguf`
    if ((statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < Math.max(...makers)) {
      // Whole or not at all, also with another test file at it.
      const partial = `${file}.${process.pid}`
      try {
        writeModel(kind, partial, shape)
        renameSync(partial, file)
      } finally {
        rmSync(partial, { force: true })
      }
    }
    return [name, file]
  })
  return Object.fromEntries(files) as Record<ModelName, string>
}

/** What starts the server with a model. One thread: more would spin against the gateway on a small machine. */
export function command (server: string, file: string, { context = 2048, flags = [] }: { context?: number, flags?: string[] } = {}): string {
  const words = [server, '-m', file, '--port', '${PORT}', '-t', '1', '-np', '1', '-c', `${context}`, '--no-warmup', ...flags]
  return words.map((word) => /^[\w./:${}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`).join(' ')
}

/** An app that serves these models, and the official client to it. */
export async function startReal (t: Test, models: Record<string, string>, setup: Setup = {}): Promise<TestApp & { client: OpenAI }> {
  const test = await startApp(t, {
    // Apart from the ports of other test files that run now.
    startPort: 20_000 + Math.floor(Math.random() * 1000) * 10,
    healthCheckTimeout: 60,
    models: Object.fromEntries(Object.entries(models).map(([name, cmd]) => [name, { cmd }]))
  }, setup)
  // No retries: what fails must be seen to fail.
  return { ...test, client: new OpenAI({ baseURL: `${test.url}/v1`, apiKey: 'none', maxRetries: 0 }) }
}
