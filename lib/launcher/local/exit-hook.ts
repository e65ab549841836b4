import { guardedGroups, hasGuard } from './guard.ts'
import { thisPlatform } from './platform/platform.ts'

let installed = false

/** Ends the live groups when this process exits by itself (`process.exit`, an uncaught exception): politely where a guard will see to the rest. */
export function installExitHook (): void {
  if (installed) return
  installed = true
  process.on('exit', () => thisPlatform.endAtExit([...guardedGroups()], hasGuard()))
}
