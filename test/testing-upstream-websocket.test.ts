// WebSockets of the test upstream.
import t from 'tap'
import type { Test } from 'tap'
import { WebSocket } from 'undici'
import { upstreamStats } from 'fastify-llama-swap/testing'
import { chat, launch, post, until } from './helper/upstream.ts'
import { connectWebSocket, opcodes } from './helper/websocket.ts'
import type { RawWebSocket } from './helper/websocket.ts'

const up = await launch(t, { name: 'sock' })
await up.event('ready')
const origin = up.origin.replace('http', 'ws')

async function raw (t: Test, path = '/ws', headers?: Record<string, string | undefined>): Promise<RawWebSocket> {
  const ws = await connectWebSocket(origin + path, headers)
  t.teardown(() => ws.socket.destroy())
  return ws
}

/** An open one that was greeted. */
async function open (t: Test, path?: string): Promise<RawWebSocket> {
  const ws = await raw(t, path)
  t.equal(ws.status, 101)
  t.equal(String((await ws.next()).data), 'hello from sock')
  return ws
}

/** What undici's client sees: an async queue of messages, and how it closed. */
function client (t: Test, path: string, headers: Record<string, string> = {}, protocols: string[] = []) {
  const ws = new WebSocket(origin + path, { headers, protocols })
  ws.binaryType = 'arraybuffer'
  const messages: unknown[] = []
  let closed: { code: number, clean: boolean } | undefined
  ws.addEventListener('message', ({ data }) => messages.push(data))
  ws.addEventListener('close', ({ code, wasClean }) => { closed = { code, clean: wasClean } })
  t.teardown(() => ws.close())
  const next = async (): Promise<unknown> => {
    await until(() => messages.length > 0, 'a message')
    return messages.shift()
  }
  return { ws, next, closed: () => until(() => closed, 'the close') }
}

t.test('undici\'s client: greeting, text, binary, close', async (t) => {
  const { ws, next, closed } = client(t, '/any/path?x=1', { 'x-mine': '1' }, ['one', 'two'])
  t.equal(await next(), 'hello from sock')
  t.equal(ws.protocol, 'one', 'the first subprotocol is taken')
  ws.send('grün')
  t.equal(await next(), 'grün')
  ws.send(new Uint8Array([0, 255, 1]))
  t.strictSame(new Uint8Array(await next() as ArrayBuffer), new Uint8Array([0, 255, 1]))
  ws.send('')
  t.equal(await next(), '')
  ws.send('headers')
  t.match(JSON.parse(await next() as string), { 'x-mine': '1', upgrade: 'websocket', 'sec-websocket-version': '13' })
  ws.close(4001, 'bye')
  t.strictSame(await closed(), { code: 4001, clean: true })
})

t.test('messages of every length', async (t) => {
  const { ws, next } = client(t, '/ws')
  await next()
  for (const length of [125, 126, 65_535, 65_536, 16 * 1024 * 1024]) {
    const sent = Buffer.alloc(length, 'abc')
    ws.send(sent)
    const got = Buffer.from(await next() as ArrayBuffer)
    t.ok(got.equals(sent), `${length} bytes`)
  }
})

t.test('the handshake', async (t) => {
  const key = 'dGhlIHNhbXBsZSBub25jZQ=='
  const ws = await raw(t, '/ws', { 'sec-websocket-key': key })
  t.equal(ws.status, 101)
  t.match(ws.headers, { upgrade: 'websocket', connection: 'Upgrade', 'x-upstream': 'sock', 'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' }, 'the example of RFC 6455')
  t.notOk('sec-websocket-protocol' in ws.headers)
  const { final, masked, opcode } = await ws.next()
  t.strictSame({ final, masked, opcode }, { final: true, masked: false, opcode: opcodes.text })
})

t.test('frames that come right behind the handshake, many at once, or byte by byte', async (t) => {
  const hi = Buffer.from([0x81, 0x82, 1, 2, 3, 4, 0x68 ^ 1, 0x69 ^ 2])
  const early = await connectWebSocket(`${origin}/ws`, {}, { behind: hi })
  t.teardown(() => early.socket.destroy())
  t.strictSame([String((await early.next()).data), String((await early.next()).data)], ['hello from sock', 'hi'])
  const ws = await open(t)
  ws.socket.cork()
  for (const text of ['a', 'b', 'c']) ws.send(text)
  ws.socket.uncork()
  for (const text of ['a', 'b', 'c']) t.equal(String((await ws.next()).data), text)
  for (const byte of hi) {
    ws.socket.write(Buffer.from([byte]))
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  t.equal(String((await ws.next()).data), 'hi')
})

t.test('ping, pong, parts', async (t) => {
  const ws = await open(t)
  ws.send('knock', { opcode: opcodes.ping })
  t.match(await ws.next(), { opcode: opcodes.pong, data: Buffer.from('knock') })
  ws.send('', { opcode: opcodes.pong })
  ws.send('one ', { final: false })
  ws.send('two ', { opcode: opcodes.continuation, final: false })
  ws.send('', { opcode: opcodes.ping })
  ws.send('three', { opcode: opcodes.continuation })
  t.equal((await ws.next()).opcode, opcodes.pong, 'control frames may come between parts')
  t.match(await ws.next(), { opcode: opcodes.text, final: true, data: Buffer.from('one two three') })
})

t.test('close: the frame comes back, then the connection ends', async (t) => {
  const ws = await open(t)
  ws.send(Buffer.from([0x03, 0xe8, 0x68, 0x69]), { opcode: opcodes.close })
  t.match(await ws.next(), { opcode: opcodes.close, data: Buffer.from([0x03, 0xe8, 0x68, 0x69]) })
  t.strictSame(await ws.end(), { by: 'FIN', rest: '' })
})

t.test('what breaks the protocol is told so', async (t) => {
  const limit = 16 * 1024 * 1024
  const huge = Buffer.alloc(14)
  huge.set([0x82, 0xff])
  huge.writeBigUInt64BE(BigInt(limit + 1), 2)
  const breaches: Array<[string, number, (ws: RawWebSocket) => void]> = [
    ['no mask', 1002, (ws) => ws.send('x', { masked: false })],
    ['an unknown opcode', 1002, (ws) => ws.send('x', { opcode: 3 })],
    ['a reserved bit', 1002, (ws) => ws.send('x', { opcode: 0x41 })],
    ['a ping in parts', 1002, (ws) => ws.send('x', { opcode: opcodes.ping, final: false })],
    ['a long ping', 1002, (ws) => ws.send('x'.repeat(126), { opcode: opcodes.ping })],
    ['a continuation of nothing', 1002, (ws) => ws.send('x', { opcode: opcodes.continuation })],
    ['half a close code', 1002, (ws) => ws.send('x', { opcode: opcodes.close })],
    ['text that is not UTF-8', 1007, (ws) => ws.send(Buffer.from([0xff]), { opcode: opcodes.text })],
    ['too much', 1009, (ws) => ws.socket.write(huge)],
    ['a message within another', 1002, (ws) => {
      ws.send('x', { final: false })
      ws.send('y')
    }],
    ['too much in parts', 1009, (ws) => {
      ws.send(Buffer.alloc(limit), { final: false })
      ws.send('y', { opcode: opcodes.continuation })
    }]
  ]
  for (const [what, code, send] of breaches) {
    const ws = await open(t)
    send(ws)
    const { opcode, data } = await ws.next()
    t.strictSame([opcode, data.readUInt16BE(0)], [opcodes.close, code], what)
    t.ok(data.length > 2, 'in words as well')
    t.strictSame(await ws.end(), { by: 'FIN', rest: '' }, what)
  }
})

t.test('refusals are plain answers', async (t) => {
  const refused = async (status: number, message: string | RegExp, path?: string, headers?: Record<string, string | undefined>): Promise<RawWebSocket> => {
    const ws = await raw(t, path, headers)
    t.equal(ws.status, status)
    t.match(ws.headers, { 'content-type': 'application/json', connection: 'close', 'x-upstream': 'sock' })
    const { by, rest } = await ws.end()
    t.equal(by, 'FIN')
    t.match(JSON.parse(rest), { error: { message, code: status }, upstream: { name: 'sock' } })
    return ws
  }
  const { total } = (await upstreamStats(up.origin)).websockets
  await refused(403, 'sock refuses on demand', '/ws?refuse=403')
  await refused(503, 'sock refuses on demand', '/ws?refuse=503')
  await refused(400, /"refuse" should be/, '/ws?refuse=101')
  await refused(400, /"die" should be/, '/ws?die=young')
  await refused(400, /not to h2c/, '/ws', { upgrade: 'h2c' })
  await refused(400, /Sec-WebSocket-Key/, '/ws', { 'sec-websocket-key': 'short' })
  await refused(400, /Sec-WebSocket-Key/, '/ws', { 'sec-websocket-key': undefined })
  t.equal((await refused(426, /Version/, '/ws', { 'sec-websocket-version': '8' })).headers['sec-websocket-version'], '13')
  t.equal((await raw(t, '/ws?refuse=204')).status, 204)
  t.equal((await upstreamStats(up.origin)).websockets.total, total, 'none of them was opened')
  t.equal((await post(up.origin, chat, {})).status, 200, 'and the upstream goes on')
})

t.test('stats', async (t) => {
  await until(async () => (await upstreamStats(up.origin)).websockets.open === 0, 'the end of all others')
  const { total } = (await upstreamStats(up.origin)).websockets
  const first = await open(t, '/counted')
  const second = await open(t, '/counted')
  t.match(await upstreamStats(up.origin), { websockets: { open: 2, total: total + 2 }, paths: { '/counted': 2 }, lastHeaders: { upgrade: 'websocket' }, active: 0 })
  first.socket.resetAndDestroy()
  second.socket.end()
  await until(async () => (await upstreamStats(up.origin)).websockets.open === 0, 'their end')
  t.equal((await upstreamStats(up.origin)).websockets.total, total + 2)
})

t.test('before it is ready, and without WebSockets', async (t) => {
  const loading = await launch(t, { neverReady: true })
  await loading.event('listen')
  const refused = await connectWebSocket(`${loading.origin.replace('http', 'ws')}/ws`)
  t.equal(refused.status, 503)
  t.match(JSON.parse((await refused.end()).rest), { error: { message: 'Loading model' } })

  const without = await launch(t, { ignoreUpgrades: true })
  await without.event('ready')
  const plain = await connectWebSocket(`${without.origin.replace('http', 'ws')}/echo/x`, { connection: 'Upgrade, close' })
  t.equal(plain.status, 200, 'answered as any other GET')
  t.match(JSON.parse((await plain.end()).rest), { method: 'GET', headers: { upgrade: 'websocket' } })
})

t.test('die: after the first message', async (t) => {
  // libuv may take a reset for an end when it comes right behind data.
  for (const [die, ends] of [['fin', ['FIN']], ['rst', ['ECONNRESET', 'FIN']]] as const) {
    const ws = await open(t, `/ws?die=${die}`)
    ws.send('', { opcode: opcodes.ping })
    t.equal((await ws.next()).opcode, opcodes.pong)
    ws.send('last')
    t.equal(String((await ws.next()).data), 'last')
    const { by, rest } = await ws.end()
    t.ok((ends as readonly string[]).includes(by), `${die}: ${by}`)
    t.equal(rest, '', 'without a close frame')
  }
  const { ws, next, closed } = client(t, '/ws?die=fin')
  await next()
  ws.send('last')
  await next()
  t.strictSame(await closed(), { code: 1006, clean: false })
  const killer = await open(t, '/ws?die=sigkill')
  killer.send('last')
  t.equal(String((await killer.next()).data), 'last')
  t.strictSame(await up.exited, [null, 'SIGKILL'])
})
