import type { ProfileInput } from '../../../types/profiles.ts'
import type { Problem } from '../problem.ts'
import type { LocalNames } from './local-names.ts'
import type { Peers } from './peers.ts'
import type { Resolution } from './resolution.ts'
import { findTarget } from './target.ts'

export interface Profile {
  readonly id: string
  readonly description: string
  /** Name -> the name it means instead; null: unknown. */
  readonly pins: ReadonlyMap<string, string | null>
}

export interface ProfileContext {
  readonly names: LocalNames
  readonly peers: Peers
  /** The ids of all selectors, those with problems too. */
  readonly selectors: ReadonlySet<string>
}

/** The profiles by id; those with problems are left out. */
export function resolveProfiles (input: Record<string, ProfileInput> = {}, context: ProfileContext): Resolution<ReadonlyMap<string, Profile>> {
  const problems: Problem[] = []
  const value = new Map<string, Profile>()
  for (const id of Object.keys(input).sort()) {
    const before = problems.length
    const profile: unknown = input[id]
    if (id.trim() === '') problems.push({ path: ['profiles', id], message: 'the name of a profile must not be empty' })
    if (!isMapping(profile)) {
      problems.push({ path: ['profiles', id], message: 'must be a mapping with "description" and "pins"; a list, the syntax of old, is no longer supported' })
      continue
    }
    const pins = resolvePins(profile.pins ?? {}, ['profiles', id, 'pins'], context, problems)
    if (problems.length === before) value.set(id, Object.freeze({ id, description: profile.description?.trim() ?? '', pins }))
  }
  return { value, problems, warnings: [] }
}

function isMapping (profile: unknown): profile is ProfileInput {
  return typeof profile === 'object' && profile !== null && !Array.isArray(profile)
}

function resolvePins (input: ProfileInput['pins'], path: Problem['path'], { names, peers, selectors }: ProfileContext, problems: Problem[]): ReadonlyMap<string, string | null> {
  const pins = new Map<string, string | null>()
  for (const [name, target] of Object.entries(input)) {
    if (name.trim() === '') problems.push({ path: [...path, name], message: 'the name of a pin must not be empty' })
    if (target && !selectors.has(target) && findTarget(target, names, peers) === undefined) {
      problems.push({ path: [...path, name], message: `unknown model "${target}"${Object.hasOwn(input, target) ? '; pins do not lead to pins' : ''}` })
    }
    pins.set(name, target || null)
  }
  if (pins.size === 0) problems.push({ path, message: 'must hold at least one pin' })
  return pins
}
