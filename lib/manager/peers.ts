import { setMaxListeners } from 'node:events'
import type { Dispatcher } from 'undici'
import type { Lease } from '../../types/lease.ts'
import type { Peer, Peers as PeersConfig } from '../config/naming/peers.ts'
import { errors, withDetail } from '../errors.ts'
import { createPeerPool } from '../model/pool.ts'
import type { PeerTarget } from '../names/target.ts'
import type { PendingTicket } from './ticket.ts'

interface Connection {
  readonly peer: Peer
  readonly origin: string
  readonly basePath: string
  readonly headers: Readonly<Record<string, string>>
  readonly pool: Dispatcher
  leases: number
}

/** The connections to the peers. They are always lent at once: who runs what there, and when, is the peer's affair. */
export class Peers {
  /** Those in use, also of what a reload has changed or removed: they go on to where they were made. */
  readonly #connections = new Set<Connection>()
  readonly #current = new Map<string, Connection>()
  readonly #closed = new AbortController()
  readonly #onRelease: () => void
  #config: PeersConfig

  constructor (config: PeersConfig, onRelease: () => void) {
    this.#config = config
    this.#onRelease = onRelease
    // One for each request under way.
    setMaxListeners(0, this.#closed.signal)
  }

  get leased (): number { return [...this.#connections].reduce((sum, { leases }) => sum + leases, 0) }

  reconfigure (config: PeersConfig): void {
    this.#config = config
    for (const [id, connection] of this.#current) {
      if (isSame(connection.peer, config.peers.get(id))) continue
      this.#current.delete(id)
      this.#closeUnused(connection)
    }
  }

  /** Lends at once, unless a reload has taken the peer or its model away meanwhile. */
  lend (target: PeerTarget, ticket: PendingTicket): void {
    const { model, peer } = target
    if (this.#config.names.get(model)?.peer !== peer) return ticket.fail(new errors.ModelNotFound(model))
    try {
      ticket.grant(this.#lease(this.#connect(peer), model, () => ticket.released()))
    } catch (error) {
      // The environment names a proxy that is none.
      ticket.fail(withDetail(new errors.UpstreamUnreachable(model), { detail: `HTTP_PROXY or HTTPS_PROXY: ${(error as Error).message}` }))
    }
  }

  /** Ends what is under way. */
  async close (reason: Error): Promise<void> {
    this.#closed.abort(reason)
    await Promise.all([...this.#connections].map(({ pool }) => pool.destroy()))
  }

  #lease (connection: Connection, model: string, onRelease: () => void): Lease {
    const { peer: { id: peer }, origin, basePath, headers, pool } = connection
    let held = true
    connection.leases++
    const release = (): void => {
      if (!held) return
      held = false
      connection.leases--
      this.#closeUnused(connection)
      onRelease()
      this.#onRelease()
    }
    return { model, peer, origin, basePath, headers, dispatcher: pool, signal: this.#closed.signal, release, [Symbol.dispose]: release }
  }

  #connect (id: string): Connection {
    const known = this.#current.get(id)
    if (known !== undefined) return known
    const peer = this.#config.peers.get(id)!
    const { origin, pathname } = new URL(peer.proxy)
    const connection = { peer, origin, basePath: pathname.replace(/\/+$/, ''), headers: keyHeaders(peer.apiKey), pool: createPeerPool(origin, peer.timeouts), leases: 0 }
    this.#connections.add(connection)
    this.#current.set(id, connection)
    return connection
  }

  #closeUnused (connection: Connection): void {
    if (connection.leases > 0 || this.#current.get(connection.peer.id) === connection) return
    this.#connections.delete(connection)
    void connection.pool.close()
  }
}

// As llama-swap: both headers, whichever the peer looks at.
function keyHeaders (apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}`, 'x-api-key': apiKey }
}

function isSame (before: Peer, after: Peer | undefined): boolean {
  return after !== undefined && before.proxy === after.proxy && before.apiKey === after.apiKey && JSON.stringify(before.timeouts) === JSON.stringify(after.timeouts)
}
