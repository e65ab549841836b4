import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { UpgradingMessage } from './handshake.ts'

/** Whether a connection may be let go of for an upgrade; `byDefault` is what the server would do by itself. */
export type Accepts = (request: IncomingMessage, byDefault: () => boolean) => boolean

interface GatedServer {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean
  on (event: string, listener: (socket: ParsedSocket) => void): unknown
  off (event: string, listener: (socket: ParsedSocket) => void): unknown
}

type ParsedSocket = Socket & { parser?: { onIncoming: ((request: UpgradingMessage, keepAlive: boolean) => unknown) | null } }

// On a server with TLS the first comes too, but before there is a parser.
const CONNECTED = ['connection', 'secureConnection']

/**
 * Decides for each request that offers an upgrade whether Node takes it for one. Without this, the first listener for `upgrade` gets all
 * of them, also mere offers (`Upgrade: h2c` of Java and curl), which then have no answer. Returns what undoes it.
 */
export function gateUpgrades (gated: object, accepts: Accepts): () => void {
  const server = gated as GatedServer
  const { shouldUpgradeCallback: own } = server
  if (own !== undefined) {
    server.shouldUpgradeCallback = (request) => accepts(request, () => own.call(server, request))
    return () => { server.shouldUpgradeCallback = own }
  }
  // Before Node 22.21 and 24.9, which ask, it is the parser's callback that decides.
  const onConnection = ({ parser }: ParsedSocket): void => {
    const onIncoming = parser?.onIncoming
    if (typeof onIncoming !== 'function') return
    parser!.onIncoming = (request, keepAlive) => {
      if (request.upgrade === true && request.method !== 'CONNECT' && !accepts(request, () => true)) request.upgrade = false
      return onIncoming(request, keepAlive)
    }
  }
  for (const event of CONNECTED) server.on(event, onConnection)
  return () => { for (const event of CONNECTED) server.off(event, onConnection) }
}
