import type { ModelState } from '../../types/status.ts'
import type { Config } from '../config/config.ts'
import { errors } from '../errors.ts'
import { indexNames } from '../names/names.ts'
import type { Names, SelectorNames } from '../names/names.ts'
import { findModelInPath } from '../names/path.ts'
import type { PathMatch } from '../names/path.ts'
import { resolveName, unpin } from '../names/resolve.ts'
import { spillOver } from '../names/spillover.ts'
import type { Load } from '../names/spillover.ts'
import { underOtherName } from '../names/target.ts'
import type { Target } from '../names/target.ts'

const SHOWN = 200
const UP: readonly ModelState[] = ['ready', 'starting', 'queued']
const GOING: readonly ModelState[] = ['stopping', 'stuck', 'shutdown']

/** What names lead to at the moment: the names of the config, the active profile, and how busy the targets of each selector are. */
export class Naming {
  readonly #stateOf: (model: string) => ModelState
  /** Selector -> model -> its requests that came through the selector. */
  readonly #requests = new Map<string, Map<string, number>>()
  #names: Names
  #profile: string | undefined
  #turn = 0

  constructor (config: Config, stateOf: (model: string) => ModelState) {
    this.#names = indexNames(config)
    this.#stateOf = stateOf
  }

  /** The active profile stays, if it is still there. */
  reconfigure (config: Config): void {
    this.#names = indexNames(config)
    if (this.#profile !== undefined && !config.profiles.has(this.#profile)) this.#profile = undefined
  }

  get profile (): string | undefined { return this.#profile }

  /** @throws an `FST_LS_PROFILE_NOT_FOUND` error */
  useProfile (id: string | undefined): void {
    if (id !== undefined && !this.#names.profiles.has(id)) throw new errors.ProfileNotFound(shorten(id))
    this.#profile = id
  }

  /**
   * What a request's name leads to.
   *
   * @throws an `FST_LS_MODEL_NOT_FOUND` error, or `FST_LS_SELECTOR_EXHAUSTED`
   */
  resolve (name: string): Target {
    return found(resolveName(this.#names, name, { profile: this.#profile, choose: (selector) => this.#choose(selector) }), name)
  }

  /** The model at the start of a path. Selectors are none there, since nothing of the request could be rewritten. */
  inPath (path: string): PathMatch | undefined {
    return findModelInPath(path, (name) => {
      const pinned = unpin(this.#names, name, this.#profile)
      const target = pinned === null ? undefined : this.#names.models.get(pinned)
      return target === undefined || pinned === name ? target : underOtherName(target)
    }, this.#names.longest)
  }

  /**
   * What the operator means: neither profile nor selector counts.
   *
   * @throws an `FST_LS_MODEL_NOT_FOUND` error
   */
  concrete (name: string): Target { return found(this.find(name), name) }

  find (name: string): Target | undefined { return this.#names.models.get(name) }

  /** Whether a selector leads to something that is up. Of a `pin`, only the first target counts. */
  isUp (selector: string): boolean {
    const { selector: { strategy }, targets } = this.#names.selectors.get(selector)!
    return (strategy === 'pin' ? targets.slice(0, 1) : targets).some((target) => target.kind === 'local' && UP.includes(this.#stateOf(target.model)))
  }

  /** Counts a request that came through a selector; returns what ends it, once. */
  count (selector: string, model: string): () => void {
    const requests = this.#requests.get(selector) ?? new Map<string, number>()
    this.#requests.set(selector, requests.set(model, (requests.get(model) ?? 0) + 1))
    let counts = true
    return () => {
      if (counts) requests.set(model, requests.get(model)! - 1)
      counts = false
    }
  }

  #choose ({ selector: { id, strategy, spillover }, targets }: SelectorNames): Target {
    switch (strategy) {
      case 'pin': return targets[0]!
      case 'warm': return this.#first(targets, ['ready']) ?? this.#first(targets, ['starting', 'queued']) ?? targets[0]!
      case 'spillover': {
        const index = spillOver(targets.map((target) => this.#loadOf(id, target)), spillover, this.#turn++)
        if (index === -1) throw new errors.SelectorExhausted(id)
        return targets[index]!
      }
    }
  }

  #first (targets: readonly Target[], states: readonly ModelState[]): Target | undefined {
    return targets.find(({ model }) => states.includes(this.#stateOf(model)))
  }

  #loadOf (selector: string, { kind, model }: Target): Load {
    const requests = this.#requests.get(selector)?.get(model) ?? 0
    const state = kind === 'local' ? this.#stateOf(model) : 'stopped'
    return { active: requests > 0 || UP.includes(state), available: !GOING.includes(state), requests }
  }
}

function found (target: Target | undefined, name: string): Target {
  if (target === undefined) throw new errors.ModelNotFound(shorten(name))
  return target
}

function shorten (name: string): string { return name.slice(0, SHOWN) }
