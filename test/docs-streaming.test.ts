// docs/streaming.md shows what really comes: its example, with a clock that goes by the page.
import t from 'tap'
import type { Test } from 'tap'
import { table } from '../lib/routes/table.ts'
import { until } from './helper/app.ts'
import { serve } from './helper/silent-server.ts'
import { blocksOf, tableOf } from './helper/snippets.ts'
import { virtualGateway, virtualModel } from './helper/virtual-gateway.ts'
import { post, reasoningIn } from './helper/watched-stream.ts'

const PAGE = 'docs/streaming.md'
const [reasoning, chunks, comments] = blocksOf(PAGE).filter(({ language }) => language === 'text').map(({ text }) => text)

/** Without the spaces at the end of lines, which nobody sees. */
const trimmed = (text: string): string => text.replaceAll(/ +$/gm, '')

/** What a client sees that waits for `gemma` for 2.34 s, and then 11.36 s for its own server. */
async function example (t: Test, path: string): Promise<string> {
  let end = (): void => {}
  let served = 0
  const origin = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    end = () => response.end()
    served++
  })
  const { url, clock, started } = await virtualGateway(t, { sendLoadingState: true, models: { qwen: virtualModel, gemma: virtualModel } })
  clock.epoch = () => 1_800_000_000_000
  const busy = post(url, path, { model: 'gemma', stream: true })
  ;(await started(1)).placeAt(origin)
  await (await busy).shows('Done!')
  const stream = await post(url, path, { model: 'qwen', stream: true })
  await stream.shows('(0.00s)')
  clock.advance(2340)
  end()
  const server = await started(2)
  await stream.shows('(2.34s)')
  clock.advance(11_360)
  server.placeAt(origin)
  await until(() => served === 2)
  end()
  await stream.ended
  return stream.text()
}

t.test('the example', async (t) => {
  const chat = await example(t, '/v1/chat/completions')
  t.equal(trimmed(reasoningIn(chat).trim()), reasoning)
  t.ok(chat.startsWith(`${chunks}\n\n`))
  t.ok(trimmed(await example(t, '/v1/completions')).startsWith(`${comments}\n`))
})

t.test('the routes are there', async (t) => {
  const paths = tableOf(PAGE, 'What clients see', 'Route').flatMap(({ Route }) => Route.split(', '))
  for (const path of paths) t.ok(table.some((route) => route.path === path), path)
})
