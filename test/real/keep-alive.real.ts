import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { command, models, serverOrSkip, startReal } from './helper/server.ts'

const server = await serverOrSkip(t)
if (server !== undefined) {
  const chatA = command(server, models()['chat-a'])

  // A real server closes a connection after 5 s without a request, after 100 requests, and without a word after a stream. A request on its way at that moment is lost.
  t.test('requests paced around the server\'s limits of idle time and count: no client sees an error', { timeout: 200_000 }, async (t) => {
    const { app, chat, states } = await startReal(t, { a: chatA })
    await app.llamaSwap.load('a')
    const problems: string[] = []
    let sent = 0
    const ask = async (stream: boolean): Promise<void> => {
      sent++
      const body = { messages: [{ role: 'user', content: 'hello' }], max_tokens: 1, stream }
      try {
        const response = await chat('a', body)
        const text = await response.text()
        if (response.status !== 200) problems.push(`${response.status} ${text}`)
      } catch (error) {
        problems.push(String(error))
      }
    }

    // One after the other: a connection comes past its hundredth request, and past each stream's end.
    for (let i = 0; i < 250; i++) await ask(false)
    for (let i = 0; i < 250; i++) await ask(i % 2 === 0)
    // Bursts on many connections. Their requests are spread over 200 ms, so that each pause is many.
    for (const pause of [2900, 3000, 3100, 3900, 4800, 4900, 5000, 5100]) {
      await delay(pause)
      await Promise.all(Array.from({ length: 20 }, (_, index) => delay(index * 10).then(() => ask(index % 4 === 0))))
    }

    console.error(`${sent} requests, ${problems.length} errors`)
    t.strictSame(problems, [])
    t.strictSame(states, ['a stopped>starting', 'a starting>ready'], 'by one server')
  })
}
