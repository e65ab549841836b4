import { BlockList, isIP } from 'node:net'

type Env = Readonly<Record<string, string | undefined>>

/** The proxy by which the environment wants an origin to be reached, as Go reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. Undefined: directly. */
export function proxyFor (origin: string, env: Env): string | undefined {
  const { protocol, hostname, port } = new URL(origin)
  const isTls = protocol === 'https:'
  const proxy = isTls ? env['HTTPS_PROXY'] || env['https_proxy'] : env['HTTP_PROXY'] || env['http_proxy']
  if (!proxy || isDirect(hostname.toLowerCase(), port || (isTls ? '443' : '80'), env['NO_PROXY'] || env['no_proxy'] || '')) return undefined
  return /^\w+:\/\//.test(proxy) ? proxy : `http://${proxy}`
}

function isDirect (hostname: string, port: string, noProxy: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  // This machine is never reached by way of a proxy.
  if (host === 'localhost' || loopback.check(host, familyOf(host))) return true
  return noProxy.toLowerCase().split(/[,\s]+/).some((entry) => {
    if (entry === '') return false
    if (entry === '*') return true
    if (entry.includes('/')) return isWithin(host, entry)
    const [, name = entry, only = port] = /^(.*[^:]):(\d+)$/.exec(isIP(entry) === 0 ? entry : '') ?? []
    return only === port && matchesName(host, name.replace(/^\[(.*)\]$/, '$1'))
  })
}

// `.example.com` stands for what is below it, `example.com` also for itself.
function matchesName (host: string, name: string): boolean {
  if (isIP(host) !== 0) return host === name
  const domain = name.replace(/^\*?\./, '')
  return host.endsWith(`.${domain}`) || (domain === name && host === name)
}

function isWithin (host: string, range: string): boolean {
  const [network, prefix] = range.split('/') as [string, string]
  if (!/^\d+$/.test(prefix)) return false
  const list = new BlockList()
  try {
    list.addSubnet(network, Number(prefix), familyOf(network))
  } catch {
    return false
  }
  return list.check(host, familyOf(host))
}

function familyOf (address: string): 'ipv4' | 'ipv6' { return isIP(address) === 6 ? 'ipv6' : 'ipv4' }

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')
