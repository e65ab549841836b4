// A client that says what it has got so far, and how it ended.
import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:http2'
import type { Test } from 'tap'
import { until } from './app.ts'

export interface Watched {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** What has come so far. */
  text (): string
  /** Waits until this has come. */
  shows (text: string | RegExp): Promise<void>
  /** Whether the answer came to a proper end. */
  readonly ended: Promise<'whole' | 'cut'>
  leave (): void
  pause (): void
  resume (): void
}

/** Sends a request; resolves with its headers. */
export function post (url: string, path: string, body: object, headers: Record<string, string> = {}): Promise<Watched> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url + path, { method: 'POST', agent: false, headers: { 'content-type': 'application/json', ...headers } })
    outgoing.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = []
      const text = (): string => Buffer.concat(chunks).toString()
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      const ended = new Promise<'whole' | 'cut'>((resolve) => {
        response.on('error', () => {}).on('close', () => resolve(response.complete ? 'whole' : 'cut'))
      })
      resolve({
        status: response.statusCode!,
        headers: response.headers,
        text,
        shows: (wanted) => until(() => typeof wanted === 'string' ? text().includes(wanted) : wanted.test(text())),
        ended,
        leave: () => outgoing.destroy(),
        pause: () => response.pause(),
        resume: () => response.resume()
      })
    })
    outgoing.end(JSON.stringify(body))
  })
}

/** The same over HTTP/2. */
export function postHttp2 (t: Test, url: string, path: string, body: object): Promise<Watched> {
  const session = connect(url)
  t.teardown(() => session.destroy())
  const outgoing = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/json' })
  outgoing.end(JSON.stringify(body))
  const chunks: Buffer[] = []
  const text = (): string => Buffer.concat(chunks).toString()
  const ended = new Promise<'whole' | 'cut'>((resolve) => {
    outgoing.on('error', () => {}).once('close', () => resolve(outgoing.rstCode === 0 ? 'whole' : 'cut'))
  })
  return new Promise((resolve) => {
    outgoing.on('data', (chunk: Buffer) => chunks.push(chunk)).once('response', (headers) => resolve({
      status: headers[':status']!,
      headers,
      text,
      shows: (wanted) => until(() => typeof wanted === 'string' ? text().includes(wanted) : wanted.test(text())),
      ended,
      leave: () => outgoing.close(),
      pause: () => outgoing.pause(),
      resume: () => outgoing.resume()
    }))
  })
}

/** The reasoning in a stream of chat chunks. */
export function reasoningIn (text: string): string {
  return dataIn(text).map(({ choices }) => choices?.[0]?.delta?.reasoning_content ?? '').join('')
}

interface Chunk {
  id?: string
  error?: { code: string, message: string }
  choices?: Array<{ delta?: { role?: string, content?: string, reasoning_content?: string } }>
}

/** The JSON of all events. */
export function dataIn (text: string): Chunk[] {
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json!) as Chunk)
}
