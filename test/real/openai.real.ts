import OpenAI from 'openai'
import t from 'tap'
import { command, models, serverOrSkip, startReal } from './helper/server.ts'

const server = await serverOrSkip(t)
if (server !== undefined) {
  const files = models()
  const test = await startReal(t, {
    chat: command(server, files['chat-a']),
    embed: command(server, files.embed, { flags: ['--embeddings'] }),
    rerank: command(server, files.rerank, { flags: ['--reranking'] })
  })
  const { app, url, client } = test
  const origin = (model: string): string => app.llamaSwap.status().models.find((entry) => entry.model === model)!.origin!
  const post = (to: string, body: object): Promise<Response> => fetch(to, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

  // The same words each time.
  const question = { model: 'chat', messages: [{ role: 'user' as const, content: 'hello world' }], max_tokens: 64, temperature: 0, seed: 1 }

  t.test('models.list names the models, none of which runs yet', async (t) => {
    const { data } = await client.models.list()
    t.strictSame(data.map(({ id }) => id).sort(), ['chat', 'embed', 'rerank'])
    t.ok(app.llamaSwap.status().models.every(({ state }) => state === 'stopped'))
  })

  t.test('a chat answer is what the server says when asked directly', async (t) => {
    const completion = await client.chat.completions.create(question)
    const { message, finish_reason: finish } = completion.choices[0]!
    t.match(message.content, /[a-z]+ [a-z]+/)
    t.match(finish, /^(stop|length)$/)
    t.ok(completion.usage!.completion_tokens > 0)
    const direct = await (await post(`${origin('chat')}/v1/chat/completions`, question)).json() as OpenAI.ChatCompletion
    t.equal(message.content, direct.choices[0]!.message.content)
  })

  t.test('a streamed chat answer says the same, to its end', async (t) => {
    const whole = await client.chat.completions.create(question)
    const stream = await client.chat.completions.create({ ...question, stream: true, stream_options: { include_usage: true } })
    let text = ''
    let pieces = 0
    let finish: string | null | undefined
    let usage: OpenAI.CompletionUsage | null | undefined
    for await (const chunk of stream) {
      const choice = chunk.choices[0]
      if (choice?.delta.content) {
        text += choice.delta.content
        pieces++
      }
      finish = choice?.finish_reason ?? finish
      usage = chunk.usage ?? usage
    }
    t.equal(text, whole.choices[0]!.message.content)
    t.ok(pieces > 1, `in ${pieces} pieces`)
    t.equal(finish, whole.choices[0]!.finish_reason)
    t.equal(usage!.completion_tokens, whole.usage!.completion_tokens)
  })

  t.test('the bytes of a stream are whole events up to [DONE], as the server sends them', async (t) => {
    const through = await post(`${url}/v1/chat/completions`, { ...question, stream: true })
    t.equal(through.status, 200)
    t.match(through.headers.get('content-type'), /^text\/event-stream/)
    const direct = await post(`${origin('chat')}/v1/chat/completions`, { ...question, stream: true })
    const [ours, theirs] = [await through.text(), await direct.text()]
    t.match(ours, /^(data: .+\n\n)+$/)
    t.match(ours, /\ndata: \[DONE\]\n\n$/)
    const events = (text: string): unknown[] => text.split('\n\n').slice(0, -2).map((event) => {
      const { choices } = JSON.parse(event.slice('data: '.length)) as { choices: unknown }
      return choices
    })
    t.strictSame(events(ours), events(theirs))
  })

  t.test('embeddings arrive as base64, which the client asks for by itself, and as numbers', async (t) => {
    const input = ['the cat', 'a big dog']
    const { data } = await client.embeddings.create({ model: 'embed', input })
    t.equal(data.length, 2)
    const numbers = await client.embeddings.create({ model: 'embed', input, encoding_format: 'float' })
    for (const [index, { embedding }] of data.entries()) {
      t.equal(embedding.length, 64)
      const distance = Math.max(...embedding.map((value, at) => Math.abs(value - numbers.data[index]!.embedding[at]!)))
      t.ok(distance < 1e-5, `the two forms agree (${distance})`)
    }
    t.notSame(data[0]!.embedding, data[1]!.embedding)
  })

  t.test('rerank orders documents', async (t) => {
    const documents = ['red', 'the green cat', 'small dog']
    const response = await post(`${url}/v1/rerank`, { model: 'rerank', query: 'which cat', documents })
    t.equal(response.status, 200)
    const { results } = await response.json() as { results: Array<{ index: number, relevance_score: number }> }
    t.strictSame(results.map(({ index }) => index).sort(), [0, 1, 2])
    t.ok(results.every(({ relevance_score: score }) => Number.isFinite(score)))
  })

  t.test('errors are what the client knows: ours for a model that is not there, the server\'s own for the rest', async (t) => {
    const error = await client.chat.completions.create({ ...question, model: 'nope' }).catch((error: unknown) => error)
    t.ok(error instanceof OpenAI.NotFoundError)
    t.match(error, { status: 404, code: 'model_not_found' })
    // The server's status for it depends on its version.
    const response = await post(`${url}/v1/chat/completions`, { model: 'chat' })
    const direct = await post(`${origin('chat')}/v1/chat/completions`, { model: 'chat' })
    t.equal(response.status, direct.status)
    t.strictSame(await response.json(), await direct.json())
  })
}
