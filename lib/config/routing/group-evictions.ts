import type { Group, Groups } from './groups.ts'

/** Those of the running models that must stop before the target starts. */
export function groupEvictions ({ groupOf }: Groups, target: string, running: readonly string[]): readonly string[] {
  return running.filter((model) => model !== target && evicts(groupOf.get(target), groupOf.get(model)))
}

/** Whether a model of one group must stop before another one of a group starts. */
export function evicts (own: Group | undefined, other: Group | undefined): boolean {
  return own === other ? own?.swap ?? true : own?.exclusive === true && !other?.persistent
}
