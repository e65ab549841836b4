// What the test upstream answers, and what it counts.
import OpenAI from 'openai'
import t from 'tap'
import { upstreamStats } from 'fastify-llama-swap/testing'
import { chat, launch, post, sse, until } from './helper/upstream.ts'
import type { Json } from './helper/upstream.ts'

/** The POST routes of llama-swap, as they reach a server, and what is special about the answer. */
const routes: Record<string, Json> = {
  '/v1/chat/completions': { object: 'chat.completion' },
  '/v1/completions': { object: 'text_completion' },
  '/v1/responses': { object: 'response', status: 'completed', output: [{ type: 'message', content: [{ type: 'output_text', text: 'hello from aqua' }] }] },
  '/v1/messages': { type: 'message' },
  '/v1/messages/count_tokens': { input_tokens: 1 },
  '/v1/embeddings': { object: 'list', data: [{ object: 'embedding' }] },
  '/v1/rerank': { object: 'list', results: [{ index: 0 }] },
  '/v1/audio/transcriptions': { text: 'hello from aqua', fields: [] },
  '/v1/images/generations': { data: [{ b64_json: /^iVBORw0KGgo/ }] }
}
const echoed = [
  '/v1/reranking', '/reranking', '/rerank', '/infill', '/completion', '/v1/audio/voices', '/v1/images/edits', '/sdapi/v1/txt2img', '/sdapi/v1/img2img', '/v1/tasks/run',
  '/chat/completions', '/responses', '/completions', '/messages', '/messages/count_tokens', '/embeddings'
]
const gets = ['/props', '/v1/audio/voices', '/sdapi/v1/loras']

t.test('its answers', async (t) => {
  const up = await launch(t, { name: 'aqua' }, ' -- "one word" two')
  await up.event('ready')

  t.test('pages', async (t) => {
    t.strictSame((await (await fetch(`${up.origin}/args`)).json() as string[]).slice(-3), ['--', 'one word', 'two'])
    t.strictSame(await (await fetch(`${up.origin}/env`)).json(), { PATH: process.env['PATH'], MARK: 'env' })
    t.equal((await fetch(`${up.origin}/nowhere`)).status, 404)
  })

  t.test('every route of llama-swap is answered, and says by whom', async (t) => {
    const mark = { name: 'aqua', hrtime: /^\d+$/ }
    for (const [path, shape] of [...Object.entries(routes), ...echoed.map((path) => [path, { method: 'POST', url: path, bodyBase64: 'eyJtb2RlbCI6Im0ifQ==' }] as const)]) {
      const response = await post(up.origin, path, { model: 'm' })
      t.equal(response.status, 200, path)
      t.equal(response.headers.get('x-upstream'), 'aqua', path)
      t.match(await response.json(), { ...shape, upstream: mark }, path)
    }
  })

  t.test('the GETs among them are work too, with HEAD beside them', async (t) => {
    const { served } = await upstreamStats(up.origin)
    for (const path of gets) {
      t.match(await (await fetch(`${up.origin}${path}?model=m`)).json(), { method: 'GET', url: `${path}?model=m`, upstream: { name: 'aqua' } })
      const head = await fetch(`${up.origin}${path}?model=m`, { method: 'HEAD' })
      t.equal(head.status, 200)
      t.ok(Number(head.headers.get('content-length')) > 100, 'the length of what GET would send')
      t.equal(await head.text(), '')
    }
    t.match(await upstreamStats(up.origin), { served: served + 6, paths: { '/props': 2 } })
    t.equal((await fetch(`${up.origin}/props`, { method: 'DELETE' })).status, 404)
    t.equal((await fetch(up.origin + chat)).status, 404)
    t.equal((await fetch(`${up.origin}/health`, { method: 'HEAD' })).status, 200)
  })

  t.test('x-upstream is on every answer', async (t) => {
    for (const path of ['/health', '/stats', '/env', '/args', '/nowhere', '/echo/']) t.equal((await fetch(up.origin + path)).headers.get('x-upstream'), 'aqua', path)
    t.equal((await post(up.origin, chat, { stream: true })).headers.get('x-upstream'), 'aqua')
    const failed = await post(up.origin, chat, { fault: { status: 500 } })
    t.equal(failed.headers.get('x-upstream'), 'aqua')
    t.match(await failed.json(), { upstream: { name: 'aqua' } })
    const odd = await launch(t, { name: 'grün 字', neverReady: true })
    await odd.event('listen')
    const loading = await fetch(`${odd.origin}/health`)
    t.equal(decodeURIComponent(loading.headers.get('x-upstream')!), 'grün 字')
    t.match(await loading.json(), { upstream: { name: 'grün 字' } })
  })

  t.test('speech is a WAV file', async (t) => {
    const response = await post(up.origin, '/v1/audio/speech', { model: 'm', input: 'hello', fault: { bodyBytes: 5000 } })
    t.equal(response.headers.get('content-type'), 'audio/wav')
    t.equal(response.headers.get('x-upstream'), 'aqua')
    const file = Buffer.from(await response.arrayBuffer())
    t.equal(file.length, 5000)
    t.match([file.toString('latin1', 0, 4), file.toString('latin1', 8, 16)], ['RIFF', 'WAVEfmt '])
    t.strictSame([file.readUInt32LE(4), file.readUInt32LE(40)], [4992, 4956], 'it says its own length')
    t.equal(new Set(file.subarray(44)).size, 256, 'with every byte value there is')
  })

  t.test('images: as many as were asked for, ten at most', async (t) => {
    const count = async (n: unknown): Promise<number> => ((await (await post(up.origin, '/v1/images/generations', { n })).json()) as Json).data.length
    t.strictSame([await count(3), await count(1e9), await count('2')], [3, 10, 1])
  })

  t.test('OpenAI\'s client understands it', async (t) => {
    const client = new OpenAI({ baseURL: `${up.origin}/v1`, apiKey: 'none', maxRetries: 0 })
    const { output_text: text, status } = await client.responses.stream({ model: 'm', input: 'hi' }).finalResponse()
    t.strictSame([text, status], ['aqua 0 aqua 1 aqua 2 aqua 3 aqua 4 ', 'completed'])
    t.equal((await client.responses.create({ model: 'm', input: 'hi' })).output_text, 'hello from aqua')
    t.equal((await client.chat.completions.create({ model: 'm', messages: [] })).choices[0]!.message.content, 'hello from aqua')
    t.strictSame((await client.embeddings.create({ model: 'm', input: 'hi' })).data[0]!.embedding, [0, 0.5, 0.25])
    const speech = await client.audio.speech.create({ model: 'm', voice: 'alloy', input: 'hi' })
    t.equal((await speech.arrayBuffer()).byteLength, 1068)
    const file = new File(['sound'], 'a.wav', { type: 'audio/wav' })
    t.equal((await client.audio.transcriptions.create({ model: 'm', file })).text, 'hello from aqua')
    t.equal((await client.images.generate({ model: 'm', prompt: 'a dot' })).data!.length, 1)
  })

  t.test('whole answers have their protocol\'s shape and the name', async (t) => {
    const mark = { name: 'aqua', hrtime: /^\d+$/ }
    const answer = async (path: string, body: Json = {}): Promise<unknown> => (await post(up.origin, path, { model: 'm', ...body })).json()
    t.match(await answer(chat), { object: 'chat.completion', model: 'm', choices: [{ message: { content: 'hello from aqua' } }], upstream: mark })
    t.match(await answer('/v1/completions'), { object: 'text_completion', choices: [{ text: 'hello from aqua' }], upstream: mark })
    t.match(await answer('/v1/embeddings', { input: ['a', 'b'] }), { data: [{ index: 0, embedding: [0, 0.5, 0.25] }, { index: 1 }], upstream: mark })
    t.match(await answer('/v1/embeddings', { input: 'a', encoding_format: 'base64' }), { data: [{ embedding: /^[\w+/]+=*$/ }] })
    t.match(await answer('/v1/rerank', { documents: ['a', 'b'] }), { results: [{ index: 0, relevance_score: 1 }, { index: 1 }], upstream: mark })
    t.match(await answer('/v1/messages'), { type: 'message', content: [{ type: 'text', text: 'hello from aqua' }], upstream: mark })
  })

  t.test('echo', async (t) => {
    const response = await fetch(`${up.origin}/echo/a%2Fb?c=d%20e`, { method: 'PUT', body: Buffer.from([0, 255]), headers: { 'X-Mine': '1' } })
    t.match(await response.json(), { method: 'PUT', url: '/echo/a%2Fb?c=d%20e', headers: { 'x-mine': '1' }, bodyBase64: 'AP8=', upstream: { name: 'aqua' } })
    const { rawHeaders } = await (await fetch(`${up.origin}/echo/`)).json() as { rawHeaders: string[] }
    t.ok(rawHeaders.includes('host'))
    t.match(await (await post(up.origin, '/echo/x', { stream: true })).json(), { method: 'POST' }, 'it never streams')
    t.match(await (await post(up.origin, '/v1/other?x', {})).json(), { url: '/v1/other?x' }, 'other POSTs are echoed too')
  })

  t.test('streams', async (t) => {
    for (const path of [chat, '/v1/completions', '/v1/other']) {
      const response = await post(up.origin, path, { stream: true, model: 'm' })
      t.equal(response.headers.get('content-type'), 'text/event-stream')
      const text = await response.text()
      t.ok(text.endsWith('}\n\ndata: [DONE]\n\n'), path)
      t.strictSame(sse(text).map(({ upstream }) => `${upstream.name} ${upstream.index}`), ['aqua 0', 'aqua 1', 'aqua 2', 'aqua 3', 'aqua 4'])
      t.strictSame(sse(text).map(({ choices }) => choices[0].finish_reason), [null, null, null, null, 'stop'])
      const times = sse(text).map(({ upstream }) => BigInt(upstream.hrtime))
      t.ok(times.every((time, index) => index === 0 || time > times[index - 1]!))
    }
    const text = await (await post(up.origin, '/v1/messages', { stream: true, fault: { chunks: 2 } })).text()
    const types = ['message_start', 'content_block_start', 'content_block_delta', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop']
    t.strictSame([...text.matchAll(/^event: (.*)$/gm)].map((match) => match[1]), types)
    t.strictSame(sse(text).map(({ type }) => type), types)
    t.strictSame(sse(text).map(({ upstream }) => upstream.index), [...types.keys()])
    t.notMatch(text, /\[DONE\]/)
    const responses = await (await post(up.origin, '/v1/responses', { stream: true, fault: { chunks: 2 } })).text()
    t.strictSame([...responses.matchAll(/^event: response\.(.*)$/gm)].map((match) => match[1]), [
      'created', 'output_item.added', 'content_part.added', 'output_text.delta', 'output_text.delta', 'output_text.done', 'content_part.done', 'output_item.done', 'completed'
    ])
    t.strictSame(sse(responses).map(({ upstream }) => upstream.index), [...Array(9).keys()])
    t.notMatch(responses, /\[DONE\]/)
    for (const path of ['/v1/embeddings', '/v1/rerank', '/v1/messages/count_tokens', '/v1/images/generations']) {
      t.equal((await post(up.origin, path, { stream: true })).headers.get('content-type'), 'application/json', `${path} has no stream`)
    }
  })

  t.test('stats', async (t) => {
    const before = await upstreamStats(up.origin)
    await fetch(`${up.origin}/echo/stats`, { headers: { 'x-mine': '2' } })
    const leave = new AbortController()
    const response = await post(up.origin, chat, { stream: true, fault: { chunks: 1000, chunkMs: 50 } }, leave.signal)
    await response.body!.getReader().read()
    t.match(await upstreamStats(up.origin), { active: 1, cancelled: 0, lastHeaders: { 'content-type': 'application/json' } })
    leave.abort()
    const after = await until(async () => {
      const stats = await upstreamStats(up.origin)
      return stats.active === 0 ? stats : undefined
    }, 'the cancellation')
    t.equal(after.served, before.served + 1)
    t.match(after, { name: 'aqua', pid: up.child.pid, cancelled: 1, died: 0, paths: { '/echo/stats': 1 } })
    t.match(up.events().at(-1), { event: 'cancelled', path: chat })
  })
})
