import { execa } from 'execa'
import type { Writable } from 'node:stream'

/*
 * The guard outlives us by a second: a shell in a session of its own that learns over a pipe which groups live. When the pipe
 * closes, whatever ended us, it ends them: SIGTERM (or the stop command, for containers), a second, SIGKILL.
 * A pid that was recycled meanwhile has another start time, and is left alone.
 */
const SCRIPT = `
trap '' INT TERM HUP
groups=
while read -r verb pid start stop; do
  case $verb in
    +) groups="$groups $pid"; eval "start_$pid=\\$start stop_$pid=\\$stop" ;;
    -) rest=; for group in $groups; do [ "$group" = "$pid" ] || rest="$rest $group"; done; groups=$rest ;;
  esac
done
ours() {
  eval "start=\\$start_$1"
  [ "$start" = - ] || [ ! -r "/proc/$1/stat" ] || { read -r line < "/proc/$1/stat"; set -- \${line##*) }; shift 19; [ "$1" = "$start" ]; }
} 2>/dev/null
any=
for group in $groups; do
  ours "$group" || continue
  any=1
  eval "stop=\\$stop_$group"
  if [ -n "$stop" ]; then eval "PID=$group; $stop" >/dev/null 2>&1 & else kill -TERM "-$group" 2>/dev/null; fi
done
[ -z "$any" ] && exit
sleep 1
for group in $groups; do ours "$group" && kill -KILL "-$group" 2>/dev/null; done
`

interface Guarded {
  readonly startTime: string
  readonly stopArgv: readonly string[] | undefined
}

const guarded = new Map<number, Guarded>()
let pipe: Writable | undefined
let failures = 0
const MAX_FAILURES = 3

/** Tells the guard of a live group, starting it with the first one. */
export function guardGroup (leader: number, startTime: string | undefined, stopArgv: readonly string[] | undefined): void {
  const entry = { startTime: startTime ?? '-', stopArgv }
  guarded.set(leader, entry)
  if (pipe === undefined) startGuard()
  else tell(leader, entry)
}

/** The group is gone. */
export function unguardGroup (leader: number): void {
  if (guarded.delete(leader)) pipe?.write(`- ${leader}\n`)
}

/** The groups that live, for the exit hook. */
export function guardedGroups (): Iterable<number> {
  return guarded.keys()
}

/** Whether somebody else will end the groups once this process is gone. */
export function hasGuard (): boolean {
  return pipe !== undefined
}

function startGuard (): void {
  if (process.platform === 'win32' || failures >= MAX_FAILURES) return
  const guard = execa('/bin/sh', ['-c', SCRIPT], {
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    env: { PATH: process.env['PATH'] ?? '' },
    extendEnv: false
  })
  const own = pipe = guard.stdin
  // It must not keep us alive; that is the point of it.
  guard.unref()
  ;(own as unknown as { unref?: () => void }).unref?.()
  own.on('error', () => {})
  void guard.then(() => {
    // It died before us: another takes its place.
    if (pipe !== own) return
    pipe = undefined
    failures++
    if (guarded.size > 0) startGuard()
  })
  for (const [leader, entry] of guarded) tell(leader, entry)
}

function tell (leader: number, { startTime, stopArgv }: Guarded): void {
  // A word with a line end cannot be told; the group is then ended by signals.
  const words = stopArgv?.some((word) => word.includes('\n')) === true ? undefined : stopArgv
  const stop = words?.map((word) => quote(word.replaceAll('${PID}', String(leader)))).join(' ') ?? ''
  pipe?.write(`+ ${leader} ${startTime} ${stop}\n`)
}

// Within single quotes a shell reads nothing but the closing quote.
function quote (word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
