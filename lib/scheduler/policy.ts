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
}

/** The policy that a config asks for. */
export function createPolicy (router: Router): Policy {
  return router.kind === 'matrix' ? matrixPolicy(router.matrix) : groupPolicy(router)
}
