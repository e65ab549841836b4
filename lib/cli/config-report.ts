import type { ConfigEvent } from '../../index.ts'

/** A reload in one line: `config reloaded: added a, b; changed c`. */
export function describeReload (event: Pick<ConfigEvent, 'added' | 'removed' | 'changed' | 'updated'>): string {
  const parts = (['added', 'removed', 'changed', 'updated'] as const)
    .filter((kind) => event[kind].length > 0)
    .map((kind) => `${kind} ${event[kind].join(', ')}`)
  return `config reloaded: ${parts.length === 0 ? 'no model has changed' : parts.join('; ')}`
}
