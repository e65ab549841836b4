import type { Endpoint } from '../../../types/launcher.ts'

const UNIX = /^unix:(?:\/\/)?(\/.*)$/s

/** Where a `proxy` leads: an HTTP URL, or the path of a Unix socket as `unix:/run/server.sock`. */
export function parseEndpoint (proxy: string): Endpoint {
  const socketPath = UNIX.exec(proxy)?.[1]
  if (socketPath !== undefined) return { origin: 'http://localhost', basePath: '', socketPath }
  const { origin, pathname } = new URL(proxy)
  return { origin, basePath: pathname.replace(/\/+$/, '') }
}

/** The port of this machine on which it listens, if it does. */
export function localPort ({ origin, socketPath }: Endpoint): number | undefined {
  const { hostname, port, protocol } = new URL(origin)
  if (socketPath !== undefined || !/^(localhost|127\..*|\[::1\])$/.test(hostname)) return undefined
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}
