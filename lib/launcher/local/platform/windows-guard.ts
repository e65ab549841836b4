import type { GuardProgram } from './platform.ts'

/*
 * A Node process apart that reads over a pipe which servers live. When the pipe closes, it runs the stop commands, and ends what is
 * left. Node's job object has ended the servers themselves by then, but not what they had started: that is found by its parents, and
 * is younger than the server. A pid that was recycled meanwhile is too young to be the server, and is left alone.
 */
const SCRIPT = `
const { spawn, spawnSync } = require('node:child_process')
const [taskkill, powershell] = process.argv.slice(1)
const quiet = { stdio: 'ignore', windowsHide: true }
const CLOCKS = 1000
const servers = new Map()
require('node:readline').createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [verb, pid, since, ...stop] = line.split(' ')
    if (verb === '+') servers.set(Number(pid), { since: Number(since), stop: stop.length === 0 ? undefined : JSON.parse(stop.join(' ')) })
    else servers.delete(Number(pid))
  })
  .on('close', () => {
    const stops = [...servers.values()].map(({ stop }) => stop).filter((stop) => stop !== undefined)
    for (const [program, ...args] of stops) spawn(program, args, quiet).on('error', () => {})
    setTimeout(endAll, stops.length === 0 ? 0 : 1000)
  })

function endAll () {
  if (servers.size === 0) return
  const ours = findOurs()
  if (ours.size > 0) spawnSync(taskkill, ['/f', '/t', ...[...ours].flatMap((pid) => ['/pid', String(pid)])], quiet)
}

function findOurs () {
  const list = "Get-CimInstance Win32_Process | Where-Object CreationDate | ForEach-Object { '{0} {1} {2}' -f " +
    "$_.ProcessId, $_.ParentProcessId, ([DateTimeOffset]$_.CreationDate).ToUnixTimeMilliseconds() }"
  const { stdout } = spawnSync(powershell, ['-NoProfile', '-NonInteractive', '-Command', list], { encoding: 'utf8', windowsHide: true, timeout: 15000 })
  const processes = (stdout || '').split('\\n').map((line) => line.trim().split(' ').map(Number))
  const since = new Map([...servers].map(([pid, server]) => [pid, server.since]))
  const ours = new Set(processes.filter(([pid, , started]) => started <= since.get(pid)).map(([pid]) => pid))
  for (let before = -1; before < since.size;) {
    before = since.size
    for (const [pid, parent, started] of processes) {
      if (!since.has(pid) && started >= since.get(parent) - CLOCKS) {
        since.set(pid, since.get(parent))
        ours.add(pid)
      }
    }
  }
  return ours
}
`

export function createWindowsGuard ({ taskkill, powershell }: { taskkill: string, powershell: string }): GuardProgram {
  return {
    command: [process.execPath, ['-e', SCRIPT, taskkill, powershell]],
    add (leader, { since, stopArgv }) {
      const stop = stopArgv?.map((word) => word.replaceAll('${PID}', String(leader)))
      return `+ ${leader} ${since}${stop === undefined ? '' : ` ${JSON.stringify(stop)}`}\n`
    },
    remove: (leader) => `- ${leader}\n`
  }
}
