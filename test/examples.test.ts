// Each example is run as its first line says, with a free port and port numbers of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import t from 'tap'
import { loadConfig } from '../lib/config/load.ts'
import { isAlive } from './helper/app.ts'
import { root } from './helper/snippets.ts'

/** Starts an example; returns where it listens and what ends it as Ctrl-C does. */
async function start (t: Test, name: string, env: Record<string, string> = {}): Promise<{ url: string, end (): Promise<unknown[]> }> {
  const startPort = 20_000 + Math.floor(Math.random() * 10_000)
  const config = readFileSync(join(root, 'examples/llama-swap.yaml'), 'utf8')
  const directory = t.testdir({ 'llama-swap.yaml': `${config}\nstartPort: ${startPort}\n` })
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}`, join(directory, 'llama-swap.yaml')], {
    cwd: root, env: { ...process.env, PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'inherit']
  })
  const exited = once(child, 'exit')
  t.teardown(() => { child.kill('SIGKILL') })
  const end = async (): Promise<unknown[]> => {
    child.kill('SIGINT')
    return await exited
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]
    if (url === undefined) continue
    child.stdout.resume()
    return { url, end }
  }
  throw new Error(`${name} did not listen`)
}

function chat (url: string, model: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ model, messages: [] }) })
}

t.test('examples/llama-swap.yaml has no warnings', async (t) => {
  t.strictSame((await loadConfig(join(root, 'examples/llama-swap.yaml'))).warnings, [])
})

t.test('examples/standalone.ts serves, swaps, and ends with its servers', async (t) => {
  const { url, end } = await start(t, 'standalone.ts')
  t.match(await (await chat(url, 'demo-chat')).json(), { model: 'demo-chat' })
  const answer = await (await chat(url, 'demo-coder')).text()
  t.match(await (await fetch(`${url}/running`)).json(), { running: [{ model: 'demo-coder' }] })
  // The stand-in says which process it is.
  const pid = Number(/process (\d+)/.exec(answer)![1])
  t.ok(isAlive(pid))
  t.strictSame(await end(), [0, null])
  t.notOk(isAlive(pid))
})

t.test('examples/bearer-auth.ts lets nobody in without the key', async (t) => {
  const { url, end } = await start(t, 'bearer-auth.ts', { API_KEY: 'secret' })
  const authorization = 'Bearer secret'
  for (const path of ['/llm/v1/models', '/llm/health', '/llm/upstream/demo-chat/v1/models', '/greeting']) t.equal((await fetch(url + path)).status, 401, path)
  t.equal((await chat(`${url}/llm`, 'demo-chat')).status, 401)
  t.match(await (await chat(`${url}/llm`, 'demo-chat', { authorization })).json(), { model: 'demo-chat' })
  t.match(await (await fetch(`${url}/greeting`, { headers: { authorization } })).json(), { model: 'demo-chat' })
  t.strictSame(await end(), [0, null])
})
