import type { Router } from '../config/routing/router.ts'
import { groupPolicy } from './group-policy.ts'
import { matrixPolicy } from './matrix-policy.ts'
import type { Resident } from './resident.ts'

/** Which models cannot be resident together: the one question a scheduler asks. */
export interface Policy {
  /** Those of the residents that must be gone before the target starts. The target is none of them. */
  evictions (target: string, residents: readonly Resident[]): readonly Resident[]
  /**
   * A model's class. Models of one class exclude each other and need the same others gone, so that of those that wait only the first can be
   * next. A model that is alone in its class is always right, and dearer the more of them wait.
   */
  kind (model: string): string
}

/** The policy that a config asks for. */
export function createPolicy (router: Router): Policy {
  return router.kind === 'matrix' ? matrixPolicy(router.matrix) : groupPolicy(router)
}
