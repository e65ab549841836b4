import fc from 'fast-check'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import type { Test } from 'tap'
import { readBody } from '../lib/body/intake.ts'
import type { Body, BodyBudget, IntakeOptions } from '../lib/body/intake.ts'
import { ModelScanner } from '../lib/body/model-scanner.ts'
import type { LlamaSwapError } from '../index.ts'
import { until } from './helper/app.ts'

const MIB = 1024 * 1024
const budgetOf = (limit = 16 * MIB): BodyBudget => ({ limit, held: 0 })

interface Taken { body: Body | undefined, error: LlamaSwapError | undefined, calls: number }

/** Reads a body; remembers how often it was told the end. */
function take (payload: Readable, options: Partial<IntakeOptions> = {}): { taken: Taken, done: Promise<Taken> } {
  const taken: Taken = { body: undefined, error: undefined, calls: 0 }
  const done = new Promise<Taken>((resolve) => {
    readBody(payload, { length: undefined, limit: MIB, budget: budgetOf(), ...options }, (error, body) => {
      taken.calls++
      taken.error = error as LlamaSwapError | undefined
      taken.body = body
      resolve(taken)
    })
  })
  return { taken, done }
}

/** One turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const streamOf = (...chunks: string[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk)), { objectMode: false })

// -- Streams ---------------------------------------------------------------------------------------------------------

t.test('the exact bytes, whatever the chunks and whether the length was announced', async (t) => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 })
  await fc.assert(fc.asyncProperty(chunks, fc.boolean(), async (chunks, announced) => {
    const whole = Buffer.concat(chunks)
    const payload = new PassThrough()
    const budget = budgetOf()
    const { done } = take(payload, { budget, length: announced ? whole.length : undefined })
    for (const chunk of chunks) payload.write(Buffer.from(chunk))
    payload.end()
    const { body, error, calls } = await done
    t.notOk(error)
    t.ok(body!.bytes.equals(whole))
    t.equal(calls, 1)
    t.ok(budget.held >= whole.length, 'held until released')
    body!.release()
    t.equal(budget.held, 0)
    body!.release()
    t.equal(budget.held, 0, 'more than once does nothing')
  }))
})

t.test('a large body without an announced length', async (t) => {
  const chunk = Buffer.alloc(100_000, 'abcdefg')
  const budget = budgetOf()
  const { body } = await take(Readable.from(Array.from({ length: 100 }, () => chunk), { objectMode: false }), { budget, limit: 10_000_000 }).done
  t.equal(body!.bytes.length, 10_000_000, 'just the limit')
  t.ok(body!.bytes.equals(Buffer.concat(Array.from({ length: 100 }, () => chunk))))
  t.ok(budget.held <= 10_000_000, 'never more than the limit is held')
  body!.release()
  t.equal(budget.held, 0)
})

t.test('an announced length is reserved from the start', async (t) => {
  const budget = budgetOf()
  const payload = new PassThrough()
  const { done } = take(payload, { budget, length: 1000 })
  t.equal(budget.held, 1000)
  payload.end(Buffer.alloc(1000))
  ;(await done).body!.release()
  t.equal(budget.held, 0)
})

t.test('an empty body', async (t) => {
  for (const length of [undefined, 0]) {
    const budget = budgetOf(0)
    const { body, error } = await take(streamOf(), { length, limit: 0, budget }).done
    t.notOk(error)
    t.equal(body!.bytes.length, 0)
    body!.release()
    t.equal(budget.held, 0)
  }
})

t.test('the scanner sees every byte', async (t) => {
  for (const length of [undefined, 26]) {
    const scanner = new ModelScanner()
    await take(streamOf('{"mod', 'el"', ':"a', '","x":"yz"', ' } \n\n'), { scanner, length }).done
    t.strictSame(scanner.result(), { kind: 'found', model: 'a' })
  }
})

t.test('a body that grows is scanned on where it was left', async (t) => {
  const scanner = new ModelScanner()
  const chunks = ['{"a":"', ...Array.from({ length: 40 }, () => '\\"'.repeat(5000)), '","model":"b"}']
  await take(streamOf(...chunks), { scanner }).done
  t.strictSame(scanner.result(), { kind: 'found', model: 'b' })
})

t.test('fewer bytes than announced: incomplete', async (t) => {
  const budget = budgetOf()
  const { taken, done } = take(streamOf('abc'), { length: 4, budget })
  t.match((await done).error, { code: 'FST_LS_BODY_INCOMPLETE', statusCode: 400 })
  t.equal(taken.body, undefined)
  t.equal(budget.held, 0)
})

t.test('more bytes than announced: all are kept', async (t) => {
  const budget = budgetOf()
  const { body } = await take(streamOf('abc', 'def'), { length: 4, budget }).done
  t.equal(body!.bytes.toString(), 'abcdef')
  body!.release()
  t.equal(budget.held, 0)
})

t.test('more bytes than announced and than the limit: too large', async (t) => {
  const budget = budgetOf()
  t.match((await take(streamOf('abc', 'def'), { length: 4, limit: 5, budget }).done).error, { code: 'FST_LS_BODY_TOO_LARGE' })
  t.equal(budget.held, 0)
})

t.test('an announced length over the limit is refused before anything is read', async (t) => {
  const budget = budgetOf()
  const payload = new PassThrough()
  const { taken } = take(payload, { length: 11, limit: 10, budget })
  t.match(taken.error, { code: 'FST_LS_BODY_TOO_LARGE', statusCode: 413, message: /limit of 10 bytes/ })
  t.equal(budget.held, 0)
  payload.end(Buffer.alloc(11))
  await once(payload, 'end')
  t.equal(taken.calls, 1)
})

t.test('over the limit on the way: refused, and the rest is read and thrown away', async (t) => {
  const budget = budgetOf()
  const payload = new PassThrough({ highWaterMark: 10 })
  const { taken, done } = take(payload, { limit: 25, budget })
  const chunks = Array.from({ length: 100 }, () => Buffer.alloc(10))
  const ended = once(payload, 'end')
  Readable.from(chunks).pipe(payload)
  t.match((await done).error, { code: 'FST_LS_BODY_TOO_LARGE', statusCode: 413 })
  t.equal(budget.held, 0)
  await ended
  t.equal(taken.calls, 1)
  t.equal(budget.held, 0)
})

t.test('exactly the limit is allowed, one byte more is not', async (t) => {
  for (const length of [undefined, 10]) t.equal((await take(streamOf('12345', '67890'), { length, limit: 10 }).done).body!.bytes.length, 10)
  t.match((await take(streamOf('12345', '678901'), { limit: 10 }).done).error, { code: 'FST_LS_BODY_TOO_LARGE' })
})

t.test('no room in the budget: 503, told when to try again, and the rest is read', async (t) => {
  const budget = budgetOf(100)
  const first = (await take(streamOf('x'.repeat(60)), { length: 60, budget }).done).body!
  t.equal(budget.held, 60)
  const announced = take(new PassThrough(), { length: 41, budget })
  t.match(announced.taken.error, { code: 'FST_LS_BODY_BUDGET', statusCode: 503, retryAfter: 1 })
  const payload = streamOf(...Array.from({ length: 50 }, () => 'x'.repeat(10)))
  const ended = once(payload, 'end')
  const growing = take(payload, { budget })
  t.match((await growing.done).error, { code: 'FST_LS_BODY_BUDGET' })
  await ended
  t.equal(growing.taken.calls, 1)
  t.equal(budget.held, 60, 'what others hold is left alone')
  const second = (await take(streamOf('x'.repeat(40)), { length: 40, budget }).done).body!
  t.equal(budget.held, 100)
  first.release()
  second.release()
  t.equal(budget.held, 0)
})

t.test('a body that needs more room is not charged for its old place as well', async (t) => {
  const budget = budgetOf(200 * 1024)
  const { body, error } = await take(streamOf(...Array.from({ length: 150 }, () => 'x'.repeat(1024))), { budget, limit: 160 * 1024 }).done
  t.notOk(error)
  t.equal(body!.bytes.length, 150 * 1024)
})

t.test('a stream that fails or is destroyed: incomplete, once', async (t) => {
  for (const end of [(payload: PassThrough) => payload.destroy(new Error('reset')), (payload: PassThrough) => payload.destroy()]) {
    const budget = budgetOf()
    const payload = new PassThrough()
    const { taken, done } = take(payload, { length: 10, budget })
    payload.write('abc')
    await turn()
    end(payload)
    t.match((await done).error, { code: 'FST_LS_BODY_INCOMPLETE', statusCode: 400 })
    await turn()
    t.equal(taken.calls, 1)
    t.equal(budget.held, 0)
  }
})

t.test('a stream that fails after it was read, or after it was refused, harms nobody', async (t) => {
  const payload = new PassThrough({ autoDestroy: false })
  const { taken, done } = take(payload)
  payload.end('abc')
  await done
  payload.emit('error', new Error('late'))
  t.equal(taken.calls, 1)
  t.equal(taken.body!.bytes.toString(), 'abc')
  const refused = new PassThrough()
  const second = take(refused, { length: 2 * MIB })
  refused.destroy(new Error('late'))
  await new Promise((resolve) => refused.once('close', resolve))
  t.equal(second.taken.calls, 1)
})

t.test('whatever happens, the budget ends at 0', async (t) => {
  const step = fc.oneof(fc.record({ write: fc.integer({ min: 1, max: 60_000 }) }), fc.constantFrom('end', 'destroy', 'error'))
  const request = fc.record({ steps: fc.array(step, { maxLength: 8 }), length: fc.option(fc.nat(200_000), { nil: undefined }), limit: fc.nat(200_000) })
  await fc.assert(fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 4 }), fc.nat(400_000), async (requests, limit) => {
    const budget = budgetOf(limit)
    const all = await Promise.all(requests.map(async ({ steps, ...options }) => {
      const payload = new PassThrough()
      payload.on('error', () => {})
      const { taken, done } = take(payload, { ...options, budget })
      for (const step of steps) {
        if (payload.destroyed || payload.writableEnded) break
        if (typeof step === 'object') payload.write(Buffer.alloc(step.write))
        else if (step === 'end') payload.end()
        else payload.destroy(step === 'error' ? new Error('reset') : undefined)
        if (budget.held > budget.limit || budget.held < 0) throw new Error(`${budget.held} of ${budget.limit} are held`)
        await turn()
      }
      if (!payload.destroyed && !payload.writableEnded) payload.end()
      await done
      return taken
    }))
    for (const { calls, body } of all) {
      if (calls !== 1) throw new Error(`${calls} calls`)
      body?.release()
    }
    return budget.held === 0
  }), { numRuns: 200 })
  t.pass()
})

// -- A real server ---------------------------------------------------------------------------------------------------

/** A server that reads each body and answers with what became of it. */
async function serve (t: Test, options: Partial<IntakeOptions>): Promise<{ budget: BodyBudget, all: Taken[], dial: () => Promise<Socket> }> {
  const budget = options.budget ?? budgetOf()
  const all: Taken[] = []
  const listener: RequestListener = (req: IncomingMessage, res) => {
    const length = req.headers['content-length']
    const { taken, done } = take(req, { length: length === undefined ? undefined : Number(length), ...options, budget })
    all.push(taken)
    void done.then(({ error, body }) => {
      res.statusCode = error?.statusCode ?? 200
      res.end(error?.code ?? body!.bytes)
      body?.release()
    })
  }
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    budget,
    all,
    async dial () {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    }
  }
}

/** All that comes until the server closes. */
async function answer (socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

const head = (...headers: string[]): string => `POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`

t.test('over HTTP: announced and chunked bodies come back as sent', async (t) => {
  const { budget, dial } = await serve(t, {})
  const bytes = '\u0000{"a": 12345678901234567890}\r\n é'
  const announced = await dial()
  announced.write(head(`content-length: ${Buffer.byteLength(bytes)}`) + bytes)
  t.ok((await answer(announced)).endsWith(`\r\n\r\n${bytes}`))
  const chunked = await dial()
  chunked.write(head('transfer-encoding: chunked'))
  for (const part of [bytes.slice(0, 5), bytes.slice(5)]) chunked.write(`${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`)
  chunked.write('0\r\n\r\n')
  const text = await answer(chunked)
  t.ok(text.endsWith(`\r\n\r\n${bytes}`))
  t.equal(budget.held, 0)
})

t.test('over HTTP: a client that sends far more than the limit gets to read the 413', async (t) => {
  const { budget, dial } = await serve(t, { limit: 1000 })
  for (const header of ['content-length: 20000000', 'transfer-encoding: chunked']) {
    const socket = await dial()
    const chunk = Buffer.alloc(100_000)
    socket.write(head(header))
    const text = answer(socket)
    for (let i = 0; i < 200; i++) {
      if (header.startsWith('transfer')) socket.write(`${chunk.length.toString(16)}\r\n`)
      socket.write(chunk)
      if (header.startsWith('transfer')) socket.write('\r\n')
    }
    if (header.startsWith('transfer')) socket.write('0\r\n\r\n')
    t.match(await text, /^HTTP\/1\.1 413 [^]*FST_LS_BODY_TOO_LARGE/, header)
  }
  t.equal(budget.held, 0)
})

t.test('over HTTP: a client that leaves in the middle gives its bytes back', async (t) => {
  const { budget, all, dial } = await serve(t, {})
  for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
    all.length = 0
    const socket = await dial()
    socket.on('error', () => {})
    socket.write(head('content-length: 1000') + 'abc')
    await until(() => budget.held === 1000)
    socket[leave]()
    await until(() => all[0]!.calls > 0)
    t.match(all[0]!.error, { code: 'FST_LS_BODY_INCOMPLETE' }, leave)
    t.equal(budget.held, 0)
    t.equal(all[0]!.calls, 1)
    socket.destroy()
  }
})
