import { isIPv6 } from 'node:net'
import { CommandLineError } from './failure.ts'
import { isLoopbackName } from './host-name.ts'

/** Where to listen. */
export interface Address {
  /** Undefined for all interfaces. */
  readonly host: string | undefined
  readonly port: number
}

const ADDRESS = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/
const WILDCARDS = ['0.0.0.0', '::']

/**
 * Reads `host:port`, `[::1]:port` or `:port`.
 *
 * @throws CommandLineError
 */
export function parseAddress (text: string): Address {
  const [, v6, name, digits] = ADDRESS.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65535 || (v6 !== undefined && !isIPv6(v6))) {
    throw new CommandLineError(`cannot listen on "${text}": write host:port, such as 127.0.0.1:8080, [::1]:8080, or :8080 for all interfaces`)
  }
  return { host: (v6 ?? name) || undefined, port }
}

/** Whether only this machine can connect. */
export function isLoopback ({ host }: Address): boolean {
  return host !== undefined && isLoopbackName(host)
}

/** The URL by which this machine reaches an address. */
export function urlOf ({ host, port }: Address, tls = false): string {
  const scheme = tls ? 'https' : 'http'
  if (host === undefined || WILDCARDS.includes(host)) return `${scheme}://localhost:${port}`
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`
}
