import type { Config } from '../config/config.ts'
import type { Profile } from '../config/naming/profiles.ts'
import type { Selector } from '../config/naming/selectors.ts'
import type { Target } from './target.ts'

/** A selector with what its targets lead to, in order. */
export interface SelectorNames {
  readonly selector: Selector
  readonly targets: readonly Target[]
}

/** All names of a config. */
export interface Names {
  /** Ids, aliases and names of peers' models. */
  readonly models: ReadonlyMap<string, Target>
  readonly selectors: ReadonlyMap<string, SelectorNames>
  readonly profiles: ReadonlyMap<string, Profile>
  /** The length of the longest name that may stand in a path: of a model, or pinned by a profile. */
  readonly longest: number
}

/** Indexes the names, so that one look finds a model. An id goes before an alias, and both before a peer's models, as in llama-swap. */
export function indexNames (config: Config): Names {
  const models = new Map<string, Target>()
  for (const [name, { peer, model }] of config.peers.names) {
    models.set(name, { kind: 'peer', peer, model: `${peer}/${model}`, name, rewrite: unless(name, model) })
  }
  for (const { id, aliases, useModelName } of config.models.values()) {
    for (const name of aliases) models.set(name, { kind: 'local', model: id, name, rewrite: unless(name, useModelName) })
  }
  for (const { id, useModelName } of config.models.values()) {
    models.set(id, { kind: 'local', model: id, name: id, rewrite: unless(id, useModelName) })
  }
  for (const target of models.values()) Object.freeze(target)
  const selectors = new Map([...config.selectors.values()].map((selector) => (
    [selector.id, { selector, targets: selector.targets.map(({ name }) => ({ ...models.get(name)!, selector: selector.id })) }]
  )))
  const pinned = [...config.profiles.values()].flatMap(({ pins }) => [...pins.keys()])
  const longest = [...models.keys(), ...pinned].reduce((length, name) => Math.max(length, name.length), 0)
  return { models, selectors, profiles: config.profiles, longest }
}

function unless (name: string, rewrite: string | undefined): string | undefined {
  return rewrite === name ? undefined : rewrite
}
