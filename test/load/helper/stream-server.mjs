// An inference server that streams what the query of a request asks for: `events` numbered events, one `every` so many milliseconds (0: as fast
// as they are read), each padded by `pad` bytes. It writes down which request has come and how it ended.
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

const [port, name, path, healthy] = process.argv.slice(2)
const record = createWriteStream(path, { flags: 'a' })

const server = createServer((req, res) => {
  const url = new URL(req.url, 'http://server')
  if (url.pathname === '/health') {
    res.statusCode = healthy === 'never' ? 503 : 200
    res.end()
  } else answer(req, res, url.searchParams)
})

async function answer (req, res, query) {
  const id = query.get('id')
  const events = Number(query.get('events'))
  const every = Number(query.get('every'))
  const padding = 'x'.repeat(Number(query.get('pad')))
  record.write(`came ${id}\n`)
  res.once('close', () => record.write(`${res.writableFinished ? 'served' : 'cut'} ${id}\n`))
  let received = 0
  try {
    for await (const chunk of req) received += chunk.length
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    for (let index = 0; index < events && !res.destroyed; index++) {
      if (every > 0) await delay(every)
      if (!res.write(`data: ${JSON.stringify({ id, index, from: name, received, padding })}\n\n`)) await Promise.race([once(res, 'drain'), once(res, 'close')])
    }
    res.end('data: [DONE]\n\n')
  } catch {
    // The client is gone.
    res.destroy()
  }
}

// As inference servers do: what is under way is served.
process.once('SIGTERM', () => {
  server.close(() => record.end(() => process.exit()))
  setInterval(() => server.closeIdleConnections(), 10)
})
server.listen(Number(port), '127.0.0.1')
