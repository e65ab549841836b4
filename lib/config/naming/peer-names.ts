import type { PeerInput } from '../../../types/peers.ts'
import type { Problem } from '../problem.ts'
import type { Peer, PeerModel } from './peers.ts'

export interface PeerNames {
  /** Full names, and the bare names that are unique. */
  readonly names: ReadonlyMap<string, PeerModel>
  readonly fullNames: ReadonlySet<string>
  readonly problems: readonly Problem[]
}

/** Full names go before bare ones. Both parts may hold slashes, so two models may want the same full name. */
export function indexPeerNames (input: Record<string, PeerInput>, peers: ReadonlyMap<string, Peer>): PeerNames {
  const problems: Problem[] = []
  const full = new Map<string, PeerModel>()
  const offers = new Map<string, PeerModel[]>()
  for (const { id: peer, models } of peers.values()) {
    for (const model of models) {
      const remote = Object.freeze({ peer, model })
      const name = `${peer}/${model}`
      const other = full.get(name)
      if (other === undefined) full.set(name, remote)
      else problems.push({ path: ['peers', peer, 'models', input[peer]!.models.indexOf(model)], message: `ambiguous: the peer "${other.peer}" with its model "${other.model}" has the full name "${name}" too` })
      offers.set(model, [...offers.get(model) ?? [], remote])
    }
  }
  const names = new Map(full)
  for (const [name, remotes] of offers) {
    if (remotes.length === 1 && !full.has(name)) names.set(name, remotes[0]!)
  }
  return { names, fullNames: new Set(full.keys()), problems }
}
