import { thisPlatform } from './platform/platform.ts'
import type { Platform, ProcessStat } from './platform/platform.ts'

/**
 * Who listens on a port in a server's place: in words, or undefined when it is the server or nobody can tell (groups that cannot be seen,
 * other users' processes). A process younger than the server may be its helper (a container's port forwarder), so only an older one is a stranger.
 */
export async function findStranger (port: number, leader: number, platform: Platform = thisPlatform): Promise<string | undefined> {
  if (platform.listProcesses === undefined) return undefined
  const listeners = await platform.listenersOf(port, leader)
  if (listeners.length === 0 || listeners.includes(leader)) return undefined
  const processes = await platform.listProcesses() ?? []
  const ours = processes.find(({ pid }) => pid === leader)
  const outsider = processes.find(({ pid, group }) => group !== leader && listeners.includes(pid))
  if (outsider === undefined || (ours !== undefined && startedBefore(ours, outsider))) return undefined
  return await describe(outsider.pid, platform)
}

/** Who listens on a port, in words. */
export async function describeListener (port: number, platform: Platform = thisPlatform): Promise<string> {
  const [pid] = await platform.listenersOf(port)
  return pid === undefined ? 'another process' : await describe(pid, platform)
}

function startedBefore (a: ProcessStat, b: ProcessStat): boolean {
  return Number(a.startTime) <= Number(b.startTime)
}

async function describe (pid: number, platform: Platform): Promise<string> {
  const name = await platform.nameOf(pid)
  return name === undefined ? `process ${pid}` : `process ${pid} (${name})`
}
