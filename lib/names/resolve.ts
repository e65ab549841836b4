import type { Names, SelectorNames } from './names.ts'
import { underOtherName } from './target.ts'
import type { Target } from './target.ts'

/** What the choice among names depends on at run time. */
export interface NameContext {
  /** The id of the active profile. */
  readonly profile: string | undefined
  /** Chooses one of a selector's targets. Throws when there is none. */
  readonly choose: (selector: SelectorNames) => Target
}

/** Finds what a client's name leads to, in llama-swap's order: pin of the active profile, selector, id, alias, peer's model. */
export function resolveName (names: Names, asked: string, { profile, choose }: NameContext): Target | undefined {
  const name = unpin(names, asked, profile)
  if (name === null) return undefined
  const selector = names.selectors.get(name)
  if (selector !== undefined) return underOtherName(choose(selector))
  const target = names.models.get(name)
  return target === undefined || name === asked ? target : underOtherName(target)
}

/** The name that the active profile puts in the place of another; null when it takes that away. Pins do not lead to pins. */
export function unpin ({ profiles }: Names, name: string, profile: string | undefined): string | null {
  const pinned = profile === undefined ? undefined : profiles.get(profile)?.pins.get(name)
  return pinned === undefined ? name : pinned
}
