import type { Resident } from './resident.ts'

/** Which models cannot be resident together: the one question a scheduler asks. */
export interface Policy {
  /** Those of the residents that must be gone before the target starts. */
  evictions (target: string, residents: readonly Resident[]): readonly Resident[]
}

/** One model at a time. */
export const oneAtATime: Policy = {
  evictions: (target, residents) => residents.filter(({ model }) => model !== target)
}
