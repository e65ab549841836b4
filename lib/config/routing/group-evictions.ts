import type { Groups } from './groups.ts'

/** Those of the running models that must stop before the target starts. */
export function groupEvictions ({ groupOf }: Groups, target: string, running: readonly string[]): readonly string[] {
  const own = groupOf.get(target)
  return running.filter((model) => {
    if (model === target) return false
    const other = groupOf.get(model)
    return own === other ? own?.swap ?? true : own?.exclusive === true && !other?.persistent
  })
}
