import { createServer, request as send } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** What a proxy was asked: a request in absolute form, or a tunnel. */
export interface ProxyAsked {
  readonly what: string
  readonly headers: IncomingHttpHeaders
}

/** An HTTP proxy as companies have it, which finds each host at the place that it is told; its URL without credentials. */
export async function forwardProxy (t: Test, places: Readonly<Record<string, string>>, { refuseWith }: { refuseWith?: number } = {}): Promise<{ url: string, asked: ProxyAsked[] }> {
  const asked: ProxyAsked[] = []
  const server = createServer((request, response) => {
    asked.push({ what: `${request.method} ${request.url}`, headers: request.headers })
    if (refuseWith !== undefined) return response.writeHead(refuseWith).end()
    const { host, pathname, search } = new URL(request.url!)
    const { 'proxy-authorization': _own, 'proxy-connection': _hop, ...headers } = request.headers
    const outgoing = send(places[host]! + pathname + search, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    outgoing.once('error', () => response.destroy())
    response.once('close', () => outgoing.destroy())
    request.pipe(outgoing)
  })
  server.on('connect', (request, socket, head) => {
    asked.push({ what: `CONNECT ${request.url}`, headers: request.headers })
    socket.on('error', () => {})
    if (refuseWith !== undefined) return socket.end(`HTTP/1.1 ${refuseWith} No\r\n\r\n`)
    const { port } = new URL(places[request.url!.replace(/:443$/, '')]!)
    const target = net.connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.write(head)
      socket.pipe(target).pipe(socket)
    })
    target.on('error', () => { socket.destroy() })
    socket.once('close', () => target.destroy())
  })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}
