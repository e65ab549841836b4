import type { Problem } from '../problem.ts'
import { localModel } from './local-names.ts'
import type { LocalNames } from './local-names.ts'
import type { Peers } from './peers.ts'
import type { Resolution } from './resolution.ts'

export interface PreloadContext {
  readonly names: LocalNames
  readonly peers: Peers
}

/** `hooks.on_startup.preload`: the ids of the models to start at once, each once. */
export function resolvePreload (input: readonly string[] = [], { names, peers }: PreloadContext): Resolution<readonly string[]> {
  const warnings: Problem[] = []
  const models = new Set<string>()
  for (const [index, entry] of input.entries()) {
    const name = entry.trim()
    const model = localModel(names, name)
    if (model !== undefined) models.add(model)
    else warnings.push({ path: ['hooks', 'on_startup', 'preload', index], message: `${reason(name, peers)}, not preloaded` })
  }
  return { value: Object.freeze([...models]), problems: [], warnings }
}

function reason (name: string, { names }: Peers): string {
  if (name === '') return 'empty'
  return names.has(name) ? `"${name}" is a peer's model` : `unknown model "${name}"`
}
