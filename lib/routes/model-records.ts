import type { ModelConfig } from '../config/config.ts'
import type { Selector } from '../config/naming/selectors.ts'
import type { Manager } from '../manager/manager.ts'
import { describeCapabilities } from './capabilities.ts'

/** One entry of the list of models. */
export interface ModelRecord {
  readonly id: string
  readonly [key: string]: unknown
}

export interface Listing {
  /** What the host is asked about: the model's id, `peer/model`, or the selector's name. */
  readonly model: string
  readonly record: ModelRecord
  /** Whether the list has it; it can be looked up by its name all the same. */
  readonly listed: boolean
}

interface Facts {
  readonly name?: string
  readonly description?: string
  readonly more?: object
  /** Of llama-swap's own, under `meta.llamaswap`. */
  readonly meta: object
  readonly loaded?: boolean
}

// Clients compare it; it says nothing of the model.
const created = Math.floor(Date.now() / 1000)

/** Every name that a request may use, sorted: models, aliases, peers' models, selectors, and the pins of the active profile. */
export function modelRecords (manager: Manager): readonly Listing[] {
  const { config, naming } = manager
  const listings: Listing[] = []
  const add = (model: string, listed: boolean, record: ModelRecord): void => { listings.push({ model, listed, record }) }
  const isLoaded = (id: string): boolean => !['stopped', 'shutdown'].includes(manager.stateOf(id))
  for (const model of config.models.values()) {
    const { id, aliases, unlisted } = model
    add(id, !unlisted, localRecord(model, id, { type: 'model', ...(aliases.length > 0 && { aliases }) }, isLoaded(id)))
  }
  for (const model of config.models.values()) {
    const { id, aliases, unlisted } = model
    for (const alias of aliases) add(id, !unlisted && config.includeAliasesInList, localRecord(model, alias, { type: 'alias', modelID: id }, isLoaded(id)))
  }
  for (const [name, { peer, model }] of config.peers.names) {
    const full = `${peer}/${model}`
    add(full, name === full, record(name, { name: `${peer}: ${model}`, meta: { type: 'peer', peerID: peer } }))
  }
  for (const selector of config.selectors.values()) add(selector.id, !selector.unlisted, selectorRecord(selector, naming.isUp(selector.id)))
  const known = new Set(listings.map(({ record }) => record.id))
  const pins = naming.profile === undefined ? [] : config.profiles.get(naming.profile)!.pins
  for (const [pin, target] of pins) {
    if (target === null || known.has(pin)) continue
    add(naming.find(target)?.model ?? target, true, record(pin, { name: '', meta: { type: 'profile' } }))
  }
  // Of names that are spelled alike the first counts: an id before an alias of another model.
  const first = new Map(listings.toReversed().map((listing) => [listing.record.id, listing]))
  return [...first.values()].sort((a, b) => a.record.id < b.record.id ? -1 : 1)
}

function record (id: string, { name = '', description = '', more, meta, loaded = false }: Facts): ModelRecord {
  return {
    id,
    object: 'model',
    created,
    owned_by: 'llama-swap',
    ...(name !== '' && { name }),
    ...(description !== '' && { description }),
    ...more,
    meta: { llamaswap: meta, ...(more as { meta?: object } | undefined)?.meta },
    status: { value: loaded ? 'loaded' : 'unloaded' }
  }
}

function localRecord ({ name, description, metadata, capabilities }: ModelConfig, id: string, own: object, loaded: boolean): ModelRecord {
  return record(id, { name, description, ...describeCapabilities(capabilities, metadata, own), loaded })
}

function selectorRecord ({ id, name, description, strategy, targets, spillover, metadata }: Selector, loaded: boolean): ModelRecord {
  const own = { type: 'selector', strategy, targets: targets.map(({ name }) => name), ...(strategy === 'spillover' && { spillover }) }
  return record(id, { name, description, meta: { ...metadata, ...own }, loaded })
}
