import t from 'tap'
import type { Test } from 'tap'
import { isAlive } from '../helper/app.ts'
import { command, models, serverOrSkip, startReal } from './helper/server.ts'

const ROUNDS = 15

const server = await serverOrSkip(t)
if (server !== undefined) {
  const files = models()
  const commands = { a: command(server, files['chat-a']), b: command(server, files['chat-b']) }

  t.test('A, then B, then A again: each answers with its own words, and one server is left', async (t) => {
    const { app, client, pids } = await startReal(t, commands)
    const swaps: string[] = []
    app.llamaSwap.on('swap', ({ from, to }) => { swaps.push(`${from.join()}>${to}`) })
    const ask = async (model: string): Promise<string> => {
      const { choices } = await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'hello world' }], max_tokens: 16, temperature: 0 })
      return choices[0]!.message.content!
    }
    const a = await ask('a')
    const b = await ask('b')
    t.not(a, b, 'different models, different words')
    t.equal(await ask('a'), a)
    t.strictSame(swaps, ['a>b', 'b>a'])
    t.equal(pids.size, 3, 'three servers were started')
    const alive = [...pids].filter(isAlive)
    t.strictSame(alive, [app.llamaSwap.status().models.find(({ model }) => model === 'a')!.pid])
  })

  t.test('a stream is not cut by a swap: B waits for it', async (t) => {
    const { client, states } = await startReal(t, { ...commands, endless: command(server, files.endless, { context: 512 }) })
    const stream = await client.chat.completions.create({ model: 'endless', messages: [{ role: 'user', content: 'hello' }], max_tokens: 300, stream: true })
    let finish: string | null | undefined
    let pieces = 0
    let other: Promise<unknown> | undefined
    for await (const { choices } of stream) {
      if (++pieces === 5) other = client.chat.completions.create({ model: 'b', messages: [{ role: 'user', content: 'hello' }], max_tokens: 1 })
      finish = choices[0]?.finish_reason ?? finish
    }
    t.equal(finish, 'length', `whole, in ${pieces} pieces`)
    t.match(await other, { choices: [{ message: { role: 'assistant' } }] })
    t.strictSame(states.slice(2), ['endless ready>stopping', 'endless stopping>stopped', 'b stopped>starting', 'b starting>ready'])
  })

  t.test('swap time, from the request to the answer of one token', async (t) => {
    const { app, client, pids } = await startReal(t, commands)
    const inside: Record<string, number[]> = { a: [], b: [] }
    app.llamaSwap.on('swap', ({ to, duration }) => { inside[to]!.push(duration) })
    const ask = async (model: string): Promise<number> => {
      const since = performance.now()
      await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'hello' }], max_tokens: 1 })
      return performance.now() - since
    }
    const first = await ask('a')
    const times: Record<string, number[]> = { a: [], b: [] }
    for (let round = 0; round < ROUNDS; round++) for (const model of ['b', 'a']) times[model]!.push(await ask(model))
    const warm = []
    for (let round = 0; round < ROUNDS; round++) warm.push(await ask('a'))
    report(t, `first start: ${first.toFixed(0)} ms`)
    report(t, `A -> B: ${figures(times.b!)}; stop and load alone: ${figures(inside.b!)}`)
    report(t, `B -> A: ${figures(times.a!)}; stop and load alone: ${figures(inside.a!)}`)
    report(t, `no swap: ${figures(warm)}`)
    t.equal(inside.a!.length + inside.b!.length, 2 * ROUNDS)
    t.equal([...pids].filter(isAlive).length, 1)
    // Not a benchmark: on any machine, far less than the grace of a stop that went wrong.
    t.ok(median([...times.a!, ...times.b!]) < 2000)
  })
}

// Not every reporter shows comments.
function report (t: Test, line: string): void {
  t.comment(line)
  console.error(line)
}

function median (values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function figures (values: number[]): string {
  return `p50 ${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}, ${values.length} times)`
}
