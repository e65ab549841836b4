import { readFile, readdir, readlink } from 'node:fs/promises'
import { listProcesses } from './proc.ts'
import type { ProcessStat } from './proc.ts'

/**
 * Who listens on a port in a server's place: in words, or undefined when it is the server or nobody can tell (no /proc, other users'
 * processes). A process younger than the server may be its helper (a container's port forwarder), so only an older one is a stranger.
 */
export async function findStranger (port: number, leader: number): Promise<string | undefined> {
  const sockets = await listeningSockets(port)
  if (sockets.size === 0 || await holdsAny(leader, sockets)) return undefined
  const processes = await listProcesses() ?? []
  const ours = processes.find(({ pid }) => pid === leader)
  for (const stat of processes) {
    if (stat.group === leader || !await holdsAny(stat.pid, sockets)) continue
    return ours !== undefined && startedBefore(ours, stat) ? undefined : await describe(stat.pid)
  }
  return undefined
}

/** Who listens on a port, in words. */
export async function describeListener (port: number): Promise<string> {
  const sockets = await listeningSockets(port)
  for (const { pid } of await listProcesses() ?? []) {
    if (sockets.size > 0 && await holdsAny(pid, sockets)) return describe(pid)
  }
  return 'another process'
}

function startedBefore (a: ProcessStat, b: ProcessStat): boolean {
  return Number(a.startTime) <= Number(b.startTime)
}

async function describe (pid: number): Promise<string> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  return `process ${pid} (${name.trim()})`
}

const LISTEN = '0A'

// The inodes of the sockets that listen on a port; lines of /proc/net/tcp are `sl local_address rem_address st ... inode`.
async function listeningSockets (port: number): Promise<ReadonlySet<string>> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')))
  const inodes = new Set<string>()
  for (const line of tables.join('\n').split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (fields[1]?.endsWith(suffix) === true && fields[3] === LISTEN) inodes.add(`socket:[${fields[9]!}]`)
  }
  return inodes
}

async function holdsAny (pid: number, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const fds = await readdir(folder).catch(() => [])
  const links = await Promise.all(fds.map((fd) => readlink(`${folder}/${fd}`).catch(() => '')))
  return links.some((link) => sockets.has(link))
}
