// What the URL parser would take out or mend silently: space, control characters, broken percent-encoding.
// eslint-disable-next-line no-control-regex
const MALFORMED = /[\u0000-\u0020\u007f]|%(?![0-9a-f]{2})/i

/** What is wrong with a peer's base URL, if anything. Credentials in it are not repeated. */
export function proxyProblem (proxy: string | undefined): string | undefined {
  if (!proxy) return 'is required, such as http://192.168.1.10:8080'
  if (!MALFORMED.test(proxy) && URL.canParse(proxy) && /^https?:\/\//i.test(proxy)) return undefined
  return `invalid proxy URL "${proxy.replace(/\/\/.*@/, '//***@')}": must be like http://192.168.1.10:8080`
}

// What the kernel takes; a longer path is cut short, or refused, by the server.
const MAX_SOCKET_PATH = 107

/** What is wrong with the path of a Unix socket, if anything. */
export function socketProblem (proxy: string): string | undefined {
  const path = proxy.replace(/^unix:(\/\/)?/, '')
  if (!path.startsWith('/') || path.includes('\0')) return `invalid Unix socket "${proxy}": must be an absolute path, like unix:/run/server.sock`
  return Buffer.byteLength(path) > MAX_SOCKET_PATH ? `the path of the Unix socket is longer than ${MAX_SOCKET_PATH} bytes: choose a shorter one` : undefined
}
