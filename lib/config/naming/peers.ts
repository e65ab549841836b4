import type { PeerInput } from '../../../types/peers.ts'
import type { Timeouts } from '../config.ts'
import type { Problem } from '../problem.ts'
import { DEFAULT_PEER_TIMEOUTS } from '../schema/defaults.ts'
import { resolveTimeouts } from '../timeouts.ts'
import { resolveFilters } from './filters.ts'
import type { Filters } from './filters.ts'
import { namespaceProblems } from './namespace.ts'
import type { Namespace } from './namespace.ts'
import { indexPeerNames } from './peer-names.ts'
import { proxyProblem } from './proxy-url.ts'
import type { Resolution } from './resolution.ts'

export interface Peer {
  readonly id: string
  /** Its base URL. */
  readonly proxy: string
  readonly apiKey: string | undefined
  readonly models: readonly string[]
  readonly filters: Filters
  readonly timeouts: Timeouts
}

/** A model of a peer's, as the peer calls it. */
export interface PeerModel {
  readonly peer: string
  readonly model: string
}

export interface Peers {
  /** By id. */
  readonly peers: ReadonlyMap<string, Peer>
  /** Every full name `peer/model`, and every bare name that one peer alone serves. */
  readonly names: ReadonlyMap<string, PeerModel>
}

/** Checks the peers and that no name of ours hides a full name of theirs. */
export function resolvePeers (input: Record<string, PeerInput> = {}, context: Namespace): Resolution<Peers> {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const peers = new Map<string, Peer>()
  for (const id of Object.keys(input).sort()) {
    peers.set(id, resolvePeer(id, input[id]!, problems, warnings))
  }
  const { names, fullNames, problems: ambiguities } = indexPeerNames(input, peers)
  problems.push(...ambiguities, ...namespaceProblems(fullNames, context))
  return { value: Object.freeze({ peers, names }), problems, warnings }
}

function resolvePeer (id: string, { proxy, apiKey, models, filters, timeouts }: PeerInput, problems: Problem[], warnings: Problem[]): Peer {
  const path = ['peers', id]
  const problem = proxyProblem(proxy)
  if (problem !== undefined) problems.push({ path: [...path, 'proxy'], message: problem })
  const named = (models ?? []).filter((model) => model !== '')
  if (named.length === 0) problems.push({ path: [...path, 'models'], message: 'must name at least one model' })
  else if (named.length < models.length) warnings.push({ path: [...path, 'models', models.indexOf('')], message: 'is empty, ignored' })
  return Object.freeze({
    id,
    proxy,
    apiKey: apiKey || undefined,
    models: Object.freeze([...new Set(named)]),
    filters: resolveFilters(filters, [...path, 'filters'], problems, warnings),
    // Unlike a local model, a peer that sends no headers for a minute is taken for lost.
    timeouts: resolveTimeouts(timeouts, DEFAULT_PEER_TIMEOUTS)
  })
}
