import type { LocalNames } from '../../lib/config/naming/local-names.ts'
import type { Resolution } from '../../lib/config/naming/resolution.ts'

/** Names of models as the config's resolver hands them down: ids, and alias -> model. */
export function localNames (ids: string[], aliases: Record<string, string> = {}): LocalNames {
  return {
    ids: new Set([...ids].sort()),
    aliases: new Map(Object.entries(aliases).map(([alias, model]) => [alias, { model, path: ['models', model, 'aliases', 0] }]))
  }
}

/** The problems, or the warnings, one line each: `path: message`. */
export function lines (resolution: Resolution<unknown>, kind: 'problems' | 'warnings' = 'problems'): string[] {
  return resolution[kind].map(({ path, message }) => `${path.join('.')}: ${message}`)
}
