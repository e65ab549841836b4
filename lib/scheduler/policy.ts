import type { Router } from '../config/routing/router.ts'
import { groupPolicy } from './group-policy.ts'
import { matrixPolicy } from './matrix-policy.ts'

/** Which models cannot be resident together. */
export interface Policy {
  /** Those of the residents that must be gone before the target starts. The target is none of them. */
  evictions<Other extends { readonly model: string }> (target: string, residents: Iterable<Other>): readonly Other[]
  /** Whether one other resident would have to be gone. */
  excludes (target: string, other: string): boolean
  /**
   * A model's class. Models of one class need the same others gone, so that when the first of them that waits cannot start, none can.
   * A model that is alone in its class is always right, and dearer the more of them wait.
   */
  kind (model: string): unknown
}

/** The policy that a config asks for. */
export function createPolicy (router: Router): Policy {
  return router.kind === 'matrix' ? matrixPolicy(router.matrix) : groupPolicy(router)
}
