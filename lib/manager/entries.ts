import type { OutputLine } from '../../types/launcher.ts'
import type { Config, ModelConfig } from '../config/config.ts'
import type { OutputRing } from '../model/output.ts'
import type { Subject } from '../scheduler/messages.ts'
import { diffConfigs, needsNewServer } from './config-diff.ts'
import type { ConfigDiff } from './config-diff.ts'
import type { Entry } from './entry.ts'

type Create = (config: ModelConfig, generation: number, output: OutputRing<OutputLine> | undefined) => Entry

/** The entry of each configured model, and the outgoing ones: those that a reload has replaced or removed, until their servers are gone. */
export class Entries {
  readonly #create: Create
  #current: ReadonlyMap<string, Entry> = new Map()
  #outgoing: readonly Entry[] = []
  #generation = 0

  constructor (create: Create) {
    this.#create = create
  }

  /** In the order of the config. */
  get current (): readonly Entry[] { return [...this.#current.values()] }
  get outgoing (): readonly Entry[] { return this.#outgoing }

  /** Of one model; of all without a name. The current one first. */
  all (model?: string): readonly Entry[] {
    return [...this.#current.values(), ...this.#outgoing].filter(({ subject }) => model === undefined || subject.model === model)
  }

  get (model: string): Entry | undefined { return this.#current.get(model) }

  /** The one that the scheduler speaks of. */
  of ({ model, generation }: Subject): Entry {
    const current = this.#current.get(model)
    if (current?.subject.generation === generation) return current
    return this.#outgoing.find(({ subject }) => subject.model === model && subject.generation === generation)!
  }

  /** Keeps the entries whose servers serve the new config as well, and makes new ones for the rest. */
  reconfigure ({ models }: Config): ConfigDiff {
    const before = new Map(this.current.map(({ model }) => [model.config.id, model.config]))
    const diff = diffConfigs(before, models, (id) => isStarting(this.#current.get(id)!))
    const generation = this.#generation++
    const current = new Map([...models.values()].map((config) => [config.id, this.#fitting(config) ?? this.#create(config, generation, this.all(config.id)[0]?.model.output)]))
    const kept = new Set(current.values())
    this.#outgoing = this.all().filter((entry) => !kept.has(entry))
    this.#current = current
    for (const [id, { model }] of current) model.reconfigure(models.get(id)!)
    return diff
  }

  /** Forgets those outgoing ones whose servers are gone. */
  forget (isGone: (entry: Entry) => boolean): void {
    this.#outgoing = this.#outgoing.filter((entry) => !isGone(entry))
  }

  // The model's own, or one that is outgoing: then a change is taken back.
  #fitting (config: ModelConfig): Entry | undefined {
    return this.all(config.id).find((entry) => !needsNewServer(entry.model.config, config, isStarting(entry)))
  }
}

function isStarting ({ model }: Entry): boolean {
  return model.state === 'starting' || model.state === 'queued'
}
