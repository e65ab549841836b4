import { BlockList, isIP } from 'node:net'
import { CommandLineError } from './failure.ts'

// A host as `Host` and `Origin` have it: a name or an address, and perhaps a port.
const AUTHORITY = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{0,5})?$/i

// IPv6 has many spellings, also for IPv4's addresses.
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/** The name or address in a `Host` header, in lower case and without its port; undefined if it has none that can be read. */
export function nameInHost (host: string): string | undefined {
  const [, v6, name] = AUTHORITY.exec(host) ?? []
  return (v6 ?? name)?.toLowerCase().replace(/\.$/, '')
}

/** The same for an `Origin` header, which has a scheme before it. */
export function nameInOrigin (origin: string): string | undefined {
  const start = origin.indexOf('://')
  return start === -1 ? undefined : nameInHost(origin.slice(start + 3))
}

/** Whether a name or address can only mean the machine that asks for it. */
export function isLoopbackName (name: string): boolean {
  switch (isIP(name)) {
    case 4: return name.startsWith('127.')
    case 6: return loopback.check(name, 'ipv6')
    default: return name === 'localhost' || name.endsWith('.localhost')
  }
}

/**
 * Reads the value of `--allow-host`.
 *
 * @throws CommandLineError
 */
export function parseAllowedHost (text: string): string {
  const address = text.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address) === 6) return address.toLowerCase()
  const name = nameInHost(text)
  if (!name || text.includes(':')) {
    throw new CommandLineError(`--allow-host "${text}" is no name of a machine: write it without scheme, port and path, such as llm.example.com`)
  }
  return name
}
