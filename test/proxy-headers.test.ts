import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import t from 'tap'
import type { Lease } from '../index.ts'
import { requestHeaders, responseHeaders } from '../lib/proxy/headers.ts'

/** What a server would be sent for a client's headers. */
function toServer (client: IncomingHttpHeaders, { added = {}, forwardAuthorization = false, address = '192.0.2.1' as string | null, lease = {} as Partial<Lease> } = {}): object {
  const request = { raw: { headers: client, socket: { remoteAddress: address ?? undefined } }, host: 'fallback.example' } as unknown as FastifyRequest
  return requestHeaders(request, { ...client, ...added }, lease as Lease, forwardAuthorization)
}

function toClient (server: IncomingHttpHeaders, set: Record<string, string> = {}): object {
  return responseHeaders(server, { hasHeader: (name: string) => name in set } as unknown as FastifyReply)
}

const ours = { host: 'api.example', 'x-forwarded-for': '192.0.2.1' }

t.test('a client\'s own headers reach the server', async (t) => {
  const client = {
    host: 'api.example', 'content-type': 'application/json; charset=utf-8', accept: '*/*', 'accept-encoding': 'br', 'user-agent': 'x', 'x-own': 'é', 'content-length': '5'
  }
  t.strictSame(toServer(client), { ...client, ...ours })
})

t.test('hop-by-hop headers do not reach the server', async (t) => {
  const hops = {
    'keep-alive': 'timeout=5', 'proxy-connection': 'x', 'proxy-authenticate': 'x', 'proxy-authorization': 'x', te: 'trailers', trailer: 'x', 'transfer-encoding': 'chunked', upgrade: 'h2c', expect: '100-continue', 'http2-settings': 'x'
  }
  t.strictSame(toServer({ host: 'api.example', ...hops }), ours)
})

t.test('credentials reach the server only when that is wanted', async (t) => {
  const credentials = { authorization: 'Bearer x', 'x-api-key': 'x', cookie: 'a=b' }
  t.strictSame(toServer({ host: 'api.example', ...credentials }), ours)
  t.strictSame(toServer({ host: 'api.example', ...credentials }, { forwardAuthorization: true }), { ...ours, ...credentials })
})

t.test('proxy credentials never reach the server', async (t) => {
  t.strictSame(toServer({ host: 'api.example', 'proxy-authorization': 'x' }, { forwardAuthorization: true }), ours)
})

t.test('a content type that the client did not send is not made up', async (t) => {
  t.strictSame(toServer({ host: 'api.example' }, { added: { 'content-type': 'application/octet-stream' } }), ours)
  t.match(toServer({ 'content-type': 'multipart/form-data; boundary=x' }), { 'content-type': 'multipart/form-data; boundary=x' })
})

t.test('Host is the one that the client asked', async (t) => {
  t.match(toServer({ host: 'api.example:8080' }, { added: { host: 'localhost:5800' } }), { host: 'api.example:8080' })
  t.match(toServer({}), { host: 'fallback.example' }, 'HTTP/2 has :authority')
})

t.test('X-Forwarded-For grows by the client\'s address', async (t) => {
  t.match(toServer({ 'x-forwarded-for': '198.51.100.1, 198.51.100.2' }), { 'x-forwarded-for': '198.51.100.1, 198.51.100.2, 192.0.2.1' })
  t.strictSame(toServer({ host: 'api.example' }, { address: null }), { host: 'api.example' }, 'a socket that is gone has none')
})

t.test('a peer is called by its own name, and not told who asks', async (t) => {
  const client = { host: 'api.example', forwarded: 'for=x', 'x-forwarded-for': 'x', 'x-forwarded-host': 'x', 'x-forwarded-proto': 'x', 'x-own': '1' }
  t.strictSame(toServer(client, { added: { host: 'peer.example' }, lease: { peer: 'p', headers: {} } }), { host: 'peer.example', 'x-own': '1' })
})

t.test('a peer\'s key takes the place of the client\'s credentials', async (t) => {
  const headers = { authorization: 'Bearer theirs', 'x-api-key': 'theirs' }
  const client = { authorization: 'Basic x', 'x-api-key': 'x', cookie: 'a=b' }
  t.strictSame(toServer(client, { forwardAuthorization: true, lease: { peer: 'p', headers } }), { ...headers, cookie: 'a=b' })
  t.strictSame(toServer(client, { lease: { peer: 'p', headers } }), headers)
  t.strictSame(toServer(client, { forwardAuthorization: true, lease: { peer: 'p', headers: {} } }), client)
})

t.test('the server\'s headers reach the client', async (t) => {
  const headers = { 'content-type': 'text/event-stream', 'content-length': '5', 'set-cookie': ['a=1', 'b=2'], 'content-encoding': 'gzip', server: 'llama.cpp', date: 'x' }
  t.strictSame(toClient(headers), headers)
})

t.test('hop-by-hop headers, and those that Connection names, do not reach the client', async (t) => {
  t.strictSame(toClient({
    connection: 'Close, X-Hop ,x-other', 'x-hop': '1', 'x-other': '2', 'x-own': '3', 'keep-alive': 'timeout=5', 'transfer-encoding': 'chunked', trailer: 'x', 'proxy-authenticate': 'x', upgrade: 'x', te: 'x', 'proxy-connection': 'x'
  }), { 'x-own': '3' })
})

t.test('what the host has set stays its own', async (t) => {
  t.strictSame(toClient({ 'access-control-allow-origin': '*', 'x-request-id': 'theirs', 'x-own': '1' }, { 'access-control-allow-origin': 'https://app.example', 'x-request-id': 'ours' }), { 'x-own': '1' })
})

t.test('the server\'s headers are not changed', async (t) => {
  const headers = Object.freeze({ connection: 'close', 'x-own': '1' })
  toClient(headers)
  t.strictSame(headers, { connection: 'close', 'x-own': '1' })
})
