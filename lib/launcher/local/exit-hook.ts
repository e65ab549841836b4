import { guardedGroups, hasGuard } from './guard.ts'
import { signalGroup } from './process-group.ts'

let installed = false

/** Ends the live groups when this process exits by itself (`process.exit`, an uncaught exception): politely where a guard will see to the rest. */
export function installExitHook (): void {
  if (installed) return
  installed = true
  process.on('exit', () => {
    for (const leader of guardedGroups()) signalGroup(leader, hasGuard() ? 'SIGTERM' : 'SIGKILL')
  })
}
