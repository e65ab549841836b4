import { open, readFile, readdir, readlink } from 'node:fs/promises'
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
const CHUNK = 16 * 1024

// The inodes of the sockets that listen on a port; lines of /proc/net/tcp are `sl local_address rem_address st ... inode`.
async function listeningSockets (port: number): Promise<ReadonlySet<string>> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readListening(file).catch(() => [])))
  return new Set(tables.flat().filter(([, address]) => address!.endsWith(suffix)).map((fields) => `socket:[${fields[9]!}]`))
}

// Those that listen come first; the others may be thousands, which the kernel takes long to write (6 ms for 1,700 in TIME_WAIT).
async function readListening (file: string): Promise<string[][]> {
  const table = await open(file)
  try {
    let text = ''
    for (;;) {
      const { buffer, bytesRead } = await table.read(Buffer.alloc(CHUNK), 0, CHUNK)
      text += buffer.toString('latin1', 0, bytesRead)
      const rows = text.slice(0, text.lastIndexOf('\n')).split('\n').slice(1).map((line) => line.trim().split(/\s+/))
      const end = rows.findIndex(([, , , state]) => state !== LISTEN)
      if (end !== -1) return rows.slice(0, end)
      if (bytesRead === 0) return rows
    }
  } finally {
    await table.close()
  }
}

async function holdsAny (pid: number, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const fds = await readdir(folder).catch(() => [])
  const links = await Promise.all(fds.map((fd) => readlink(`${folder}/${fd}`).catch(() => '')))
  return links.some((link) => sockets.has(link))
}
