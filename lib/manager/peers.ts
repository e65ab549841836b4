import type { Dispatcher } from 'undici'
import type { Lease } from '../../types/lease.ts'
import type { Peer } from '../config/naming/peers.ts'
import { createPeerPool } from '../model/pool.ts'
import type { PeerTarget } from '../names/target.ts'

interface Connection {
  readonly peer: Peer
  readonly origin: string
  readonly basePath: string
  readonly headers: Readonly<Record<string, string>>
  readonly pool: Dispatcher
}

/** The connections to the peers. They are always lent at once: who runs what there, and when, is the peer's affair. */
export class Peers {
  readonly #connections = new Map<string, Connection>()
  readonly #closed = new AbortController()
  readonly #onRelease: () => void
  #peers: ReadonlyMap<string, Peer>
  leased = 0

  constructor (peers: ReadonlyMap<string, Peer>, onRelease: () => void) {
    this.#peers = peers
    this.#onRelease = onRelease
  }

  /** Requests under way go on to where they were sent. */
  reconfigure (peers: ReadonlyMap<string, Peer>): void {
    this.#peers = peers
    for (const [id, { peer, pool }] of this.#connections) {
      if (isSame(peer, peers.get(id))) continue
      this.#connections.delete(id)
      void pool.close()
    }
  }

  lend ({ peer, model }: PeerTarget, onRelease: () => void): Lease {
    const { origin, basePath, headers, pool } = this.#connect(peer)
    let held = true
    this.leased++
    const release = (): void => {
      if (!held) return
      held = false
      this.leased--
      onRelease()
      this.#onRelease()
    }
    return { model, peer, origin, basePath, headers, dispatcher: pool, signal: this.#closed.signal, release, [Symbol.dispose]: release }
  }

  /** Ends what is under way. */
  async close (reason: Error): Promise<void> {
    this.#closed.abort(reason)
    await Promise.all([...this.#connections.values()].map(({ pool }) => pool.destroy()))
  }

  #connect (id: string): Connection {
    const known = this.#connections.get(id)
    if (known !== undefined) return known
    const peer = this.#peers.get(id)!
    const { origin, pathname } = new URL(peer.proxy)
    const connection = { peer, origin, basePath: pathname.replace(/\/+$/, ''), headers: keyHeaders(peer.apiKey), pool: createPeerPool(origin, peer.timeouts) }
    this.#connections.set(id, connection)
    return connection
  }
}

// As llama-swap: both headers, whichever the peer looks at.
function keyHeaders (apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}`, 'x-api-key': apiKey }
}

function isSame (before: Peer, after: Peer | undefined): boolean {
  return after !== undefined && before.proxy === after.proxy && before.apiKey === after.apiKey && JSON.stringify(before.timeouts) === JSON.stringify(after.timeouts)
}
