import { localModel } from './local-names.ts'
import type { LocalNames } from './local-names.ts'
import type { PeerModel, Peers } from './peers.ts'

/** A name and what it leads to. The name goes on in the request, since filters may depend on it. */
export type NamedTarget =
  | { readonly kind: 'local', readonly name: string, readonly model: string }
  | { readonly kind: 'peer', readonly name: string } & PeerModel

/** Local ids and aliases go before what peers serve. */
export function findTarget (name: string, names: LocalNames, peers: Peers): NamedTarget | undefined {
  const model = localModel(names, name)
  if (model !== undefined) return Object.freeze({ kind: 'local', name, model })
  const remote = peers.names.get(name)
  return remote && Object.freeze({ kind: 'peer', name, ...remote })
}
