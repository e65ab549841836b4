import type { Router } from '../config/routing/router.ts'
import { groupPolicy } from './group-policy.ts'
import type { Kind } from './kind.ts'
import { matrixPolicy } from './matrix-policy.ts'

/** Which models cannot be resident together. */
export interface Policy {
  /** Those of the residents that must be gone before the target starts. The target is none of them. */
  evictions<Other extends { readonly model: string }> (target: string, residents: Iterable<Other>): readonly Other[]
  /** A model's class. */
  kind (model: string): Kind
  /** How many classes there are. */
  readonly kinds: number
  /** Whether it is the same for a resident whoever else is there. If not, it is so at least for those that must be gone if they are alone there, and for the rest if that is one. */
  readonly isPairwise: boolean
}

/** The policy that a config asks for. */
export function createPolicy (router: Router): Policy {
  return router.kind === 'matrix' ? matrixPolicy(router.matrix) : groupPolicy(router)
}
