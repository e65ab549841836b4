import t from 'tap'
import { loadingEvent } from '../lib/protocol/loading-event.ts'
import type { Protocol } from '../lib/protocol/protocol.ts'

const notice = { model: 'a', created: 1_700_000_000, text: '\nThe server is starting (0.00s) ', first: false }
const LINE_ENDS = /[\r\n]/

// llama-swap: loading_test.go, chunk format (130) and sendLine exact text (147).
t.test('chat: a chunk of reasoning, with all that strict clients want of one but its id', async (t) => {
  const event = loadingEvent('chat', notice)
  t.match(event, /^data: \{.*\}\n\n$/)
  t.strictSame(JSON.parse(event.slice(6)), {
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'a',
    choices: [{ index: 0, delta: { reasoning_content: '\nThe server is starting (0.00s) ' }, finish_reason: null }]
  })
})

t.test('chat: the first chunk says whose words they are, and no other', async (t) => {
  t.match(loadingEvent('chat', { ...notice, first: true }), '"delta":{"role":"assistant","reasoning_content":')
  t.notMatch(loadingEvent('chat', notice), 'role')
})

t.test('Anthropic: a ping, the text in a comment', async (t) => {
  t.equal(loadingEvent('anthropic', notice), ': The server is starting (0.00s) \nevent: ping\ndata: {"type":"ping"}\n\n')
})

t.test('others: comments, and nothing that ends an event', async (t) => {
  for (const protocol of ['openai', 'plain'] as const) {
    t.equal(loadingEvent(protocol, { ...notice, text: '━━━━━\nllama-swap loading model: a\n' }), ': llama-swap loading model: a\n', 'without the rule')
    t.equal(loadingEvent(protocol, { ...notice, text: '.' }), ': .\n')
  }
})

t.test('no text can end its event, or begin another', async (t) => {
  const text = 'a\n\ndata: {"x":1}\r\revent: error\r\n\r\n: b\u2028c'
  for (const protocol of ['chat', 'anthropic', 'openai', 'plain'] satisfies Protocol[]) {
    const lines = loadingEvent(protocol, { ...notice, text, model: text }).split(LINE_ENDS)
    const own = { chat: [/^data: \{"object"/], anthropic: [/^event: ping$/, /^data: \{"type":"ping"\}$/], openai: [], plain: [] }[protocol]
    t.strictSame(lines.filter((line) => line !== '' && !line.startsWith(': ') && !own.some((pattern) => pattern.test(line))), [], protocol)
  }
})
