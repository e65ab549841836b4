import type { GuardProgram } from './platform.ts'

/** How a shell tells a recycled pid from the server that had it. */
interface PidCheck {
  /** Defines `ours`: whether a pid is still that of our server, or of nobody (its group may live on). */
  readonly functions: string
  /** What finds out the start time of a server, where the gateway does not know it. */
  readonly learn: string
}

/*
 * A shell in a session of its own, deaf to INT, TERM and HUP, that reads over a pipe which groups live. When the pipe closes,
 * whatever ended us, it ends them: SIGTERM (or the stop command, for containers), a second, SIGKILL.
 * A pid that was recycled meanwhile has another start time, and is left alone.
 */
const script = ({ functions, learn }: PidCheck): string => `
trap '' INT TERM HUP
${functions}
groups=
while read -r verb pid start stop; do
  case $verb in
    +) ${learn}groups="$groups $pid"; eval "start_$pid=\\$start stop_$pid=\\$stop" ;;
    -) rest=; for group in $groups; do [ "$group" = "$pid" ] || rest="$rest $group"; done; groups=$rest ;;
  esac
done
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

/** Where there is no /proc, every pid is taken to be ours. */
const checkByProc: PidCheck = {
  functions: `ours() {
  eval "start=\\$start_$1"
  [ "$start" = - ] || [ ! -r "/proc/$1/stat" ] || { read -r line < "/proc/$1/stat"; set -- \${line##*) }; shift 19; [ "$1" = "$start" ]; }
} 2>/dev/null`,
  learn: ''
}

/** The guard itself asks ps as soon as it is told of a server, since it would hold up the gateway. */
export const checkByPs: PidCheck = {
  functions: `started() { LC_ALL=C TZ=UTC0 ps -o lstart= -p "$1" </dev/null 2>/dev/null; }
ours() {
  eval "start=\\$start_$1"
  now=$(started "$1")
  [ -z "$start" ] || [ -z "$now" ] || [ "$now" = "$start" ]
}`,
  learn: 'start=$(started "$pid"); '
}

export function createPosixGuard (check = checkByProc): GuardProgram {
  return {
    command: ['/bin/sh', ['-c', script(check)]],
    add (leader, { startTime, stopArgv }) {
      // A word with a line end cannot be told; the group is then ended by signals.
      const words = stopArgv?.some((word) => word.includes('\n')) === true ? undefined : stopArgv
      const stop = words?.map((word) => quote(word.replaceAll('${PID}', String(leader)))).join(' ') ?? ''
      return `+ ${leader} ${startTime ?? '-'} ${stop}\n`
    },
    remove: (leader) => `- ${leader}\n`
  }
}

// Within single quotes a shell reads nothing but the closing quote.
function quote (word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
