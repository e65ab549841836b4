import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import t from 'tap'
import type { Test } from 'tap'
import { ownCommand } from '../lib/cli/npm.ts'
import { isAlive, startPort } from './helper/app.ts'
import { chat, running, startCli } from './helper/cli.ts'

const noCurl = spawnSync('curl', ['--version']).status === 0 ? false : 'no curl on this machine'

interface Pasted {
  readonly text: string
  readonly code: number | null
  /** When each chunk came. */
  readonly times: number[]
}

/** Runs a line as a person would who pastes it. */
async function paste (t: Test, line: string): Promise<Pasted> {
  const shell = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => shell.kill('SIGKILL'))
  const times: number[] = []
  let text = ''
  shell.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    times.push(performance.now())
  })
  const [code] = await once(shell, 'close') as [number | null]
  return { text, code, times }
}

t.test('the three curl lines work when pasted, and models swap', { skip: noCurl }, async (t) => {
  const cli = startCli(t, ['--listen', '127.0.0.1:0'])
  const url = await cli.url()
  await cli.saw(/Ctrl-C ends/)
  t.match(cli.stderr, `listening at ${url} with its demo`)
  const lines = [...cli.stderr.matchAll(/^ {2}(curl .*)$/gm)].map(([, line]) => line!)
  t.equal(lines.length, 3)
  t.ok(lines.every((line) => line.includes(url)), 'with the real address')
  t.strictSame(await running(url), {}, 'nothing runs before it is asked for')

  const whole = await paste(t, lines.find((line) => line.includes('demo-chat'))!)
  const answer = JSON.parse(whole.text) as OpenAI.ChatCompletion
  t.equal(answer.model, 'demo-chat')
  t.match(answer.choices[0]!.message.content, /this is demo-chat\. I was not running when you asked.* loaded in \d\.\d s\. You wrote "Hello, who are you\?", which is 4 words/)
  const pid = Number(/process (\d+)/.exec(answer.choices[0]!.message.content!)![1])
  t.equal(isAlive(pid), true)
  t.match(await running(url), { 'demo-chat': { state: 'ready' } })

  const stream = await paste(t, lines.find((line) => line.startsWith('curl -N '))!)
  t.equal(stream.code, 0)
  t.match(stream.text, /^data: .*\n\n[^]*"finish_reason":"stop"[^]*\ndata: \[DONE\]\n\n$/)
  const took = stream.times.at(-1)! - stream.times[0]!
  t.ok(stream.times.length > 10, `in ${stream.times.length} chunks`)
  t.ok(took > 20 * 40, `over ${Math.round(took)} ms: at a human pace`)
  const { 'demo-chat': chatModel, 'demo-coder': coder } = await running(url)
  t.equal(chatModel, undefined)
  t.match(coder, { state: 'ready', cmd: / --model demo-coder / })
  t.notOk(isAlive(pid), 'the one before is gone')

  const embedded = await paste(t, lines.find((line) => line.includes('/v1/embeddings'))!)
  const { data } = JSON.parse(embedded.text) as OpenAI.CreateEmbeddingResponse
  t.equal(data[0]!.embedding.length, 64)
  t.strictSame(Object.keys(await running(url)), ['demo-embed'])

  cli.kill('SIGTERM')
  t.equal(await cli.exit, 0)
  t.match(cli.log.filter(({ to }) => to === 'ready'), ['demo-chat', 'demo-coder', 'demo-embed'].map((model) => ({ model })))
  const loads = cli.log.filter(({ to }) => to === 'ready').map(({ durationMs }) => durationMs as number)
  t.ok(loads.every((ms) => ms >= 950), `loading takes about a second: ${loads.join(', ')} ms`)
})

t.test('it says how to go on, in the words in which it was started', async (t) => {
  t.equal(ownCommand({}), 'fastify-llama-swap')
  t.equal(ownCommand({ npm_lifecycle_event: 'npx', npm_lifecycle_script: "'fastify-llama-swap'" }), 'npx fastify-llama-swap')
  t.equal(ownCommand({ npm_lifecycle_event: 'start', npm_lifecycle_script: 'node other.js' }), 'fastify-llama-swap', 'the script of another program, which has started this one')
  const env = { npm_lifecycle_event: 'start', npm_lifecycle_script: 'node dist/lib/cli/main.js' }
  const cli = startCli(t, ['--listen', '[::1]:0'], { env })
  await Promise.race([cli.saw(/Ctrl-C ends/), cli.exit])
  if (cli.stderr.includes('cannot listen')) return t.pass('no IPv6 on this machine')
  t.match(cli.stderr, 'Your own models: npm start -- --config config.yaml, with')
  t.match(cli.stderr, /curl -N 'http:\/\/\[::1\]:\d+\//, 'shells may read brackets')
})

t.test('the official client', async (t) => {
  const cli = startCli(t, ['--listen', '127.0.0.1:0'])
  const client = new OpenAI({ baseURL: `${await cli.url()}/v1`, apiKey: 'none', maxRetries: 0 })

  t.strictSame((await client.models.list()).data.map(({ id }) => id), ['demo-chat', 'demo-coder', 'demo-embed'])

  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: [{ type: 'text', text: 'Ein "Wort"   für' }, { type: 'text', text: `dich ${'x'.repeat(100)}` }] }
  ]
  const parts: string[] = []
  let finish: string | null = null
  let usage: OpenAI.CompletionUsage | null | undefined
  for await (const chunk of await client.chat.completions.create({ model: 'demo-chat', messages, stream: true, stream_options: { include_usage: true } })) {
    t.equal(chunk.object, 'chat.completion.chunk')
    parts.push(chunk.choices[0]?.delta.content ?? '')
    finish = chunk.choices[0]?.finish_reason ?? finish
    usage = chunk.usage ?? usage
  }
  t.equal(finish, 'stop')
  t.match(parts.join(''), /You wrote "Ein \\"Wort\\" für dich x{50,}…", which is 5 words/)
  t.equal(usage!.completion_tokens, parts.filter((part) => part !== '').length)

  const short = await client.chat.completions.create({ model: 'demo-chat', messages, max_completion_tokens: 3 })
  t.match(short, { object: 'chat.completion', choices: [{ message: { role: 'assistant', content: 'Hello, this is' }, finish_reason: 'length' }], usage: { completion_tokens: 3 } })
  const second = await client.chat.completions.create({ model: 'demo-chat', messages: [] })
  t.match(second.choices[0]!.message.content, /my answer number 3\. You wrote "", which is 0 words/)

  const coder = await client.chat.completions.create({ model: 'demo-coder', messages: [{ role: 'user', content: 'Sort a list' }] })
  t.match(coder.choices[0]!.message.content, '```js\nconsole.log("Sort a list")\n```')

  // The client asks for base64 unless told otherwise.
  const input = ['The cat sat on the mat', 'A cat sat on a mat', 'Entirely different words', 'The cat sat on the mat', '']
  const packed = await client.embeddings.create({ model: 'demo-embed', input })
  const plain = await client.embeddings.create({ model: 'demo-embed', input, encoding_format: 'float' })
  const [cat, alike, other, same, empty] = packed.data.map(({ embedding }) => embedding) as [number[], number[], number[], number[], number[]]
  t.strictSame(cat, plain.data[0]!.embedding.map(Math.fround), 'base64 says the same')
  t.strictSame(cat, same, 'deterministic')
  t.ok(Math.abs(product(cat, cat) - 1) < 0.01 && Math.abs(product(empty, empty) - 1) < 0.01, 'of length 1')
  t.ok(product(cat, alike) > product(cat, other) + 0.2, 'closer the more words are shared')
  t.equal((await client.embeddings.create({ model: 'demo-embed', input: [1, 2, 3] })).data.length, 1)
  t.equal((await client.embeddings.create({ model: 'demo-embed', input: [[1, 2], [3]] })).data.length, 2)
  await t.rejects(client.embeddings.create({ model: 'demo-embed', input: [] }), { status: 400, message: /"input" must be/ })
  await t.rejects(client.chat.completions.create({ model: 'demo-embed', messages: [] }), { status: 400, message: /POST \/v1\/embeddings/ })
  await t.rejects(client.completions.create({ model: 'demo-embed', prompt: 'x' }), { status: 404, message: /has no POST/ })
})

t.test('without a wish for usage every chunk has a choice, and the last one has the usage all the same', async (t) => {
  const cli = startCli(t, ['--listen', '127.0.0.1:0'])
  const text = await (await chat(await cli.url(), 'demo-chat', { stream: true, max_tokens: 2 })).text()
  const chunks = text.split('\n\n').filter((event) => event.startsWith('data: {')).map((event) => JSON.parse(event.slice(6)) as OpenAI.ChatCompletionChunk)
  t.match(chunks, [
    { choices: [{ delta: { role: 'assistant', content: '' }, finish_reason: null }] },
    { choices: [{ delta: { content: 'Hello,' }, finish_reason: null }] },
    { choices: [{ delta: { content: ' this' }, finish_reason: null }] },
    { choices: [{ delta: {}, finish_reason: 'length' }], usage: { completion_tokens: 2 } }
  ])
  t.equal(chunks.length, 4)
})

t.test('it stops generating when the client leaves', async (t) => {
  const server = fileURLToPath(new URL('../dist/lib/cli/demo/server.js', import.meta.url))
  const cmd = `'${process.execPath}' '${server}' --port \${PORT} --model m --load-ms 50`
  const cwd = t.testdir({ 'config.yaml': `logLevel: debug\nstartPort: ${startPort()}\nmodels:\n  m:\n    cmd: ${JSON.stringify(cmd)}\n` })
  const cli = startCli(t, ['--config', 'config.yaml', '--listen', '127.0.0.1:0'], { cwd })
  const url = await cli.url()
  const controller = new AbortController()
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: '{"model":"m","stream":true}', signal: controller.signal })
  await response.body!.getReader().read()
  controller.abort()
  const [, done, all] = await cli.saw(/the client left: stopped after (\d+) of (\d+) tokens/)
  t.ok(Number(done) < Number(all))
})

t.test('while it loads it answers 503 to everything', async (t) => {
  const server = fileURLToPath(new URL('../dist/lib/cli/demo/server.js', import.meta.url))
  const child = startCli(t, ['--port', '0', '--load-ms', '600000'], { command: [process.execPath, server] })
  const [, port] = await child.saw(/listening on port (\d+)/)
  for (const path of ['/health', '/v1/models', '/v1/chat/completions', '/nope']) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    t.equal(response.status, 503, path)
    t.match(await response.json(), { error: { message: 'Loading model' } })
  }
})

function product (a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0)
}
