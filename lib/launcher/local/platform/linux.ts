import { existsSync, readFileSync } from 'node:fs'
import { open, readdir, readFile, readlink } from 'node:fs/promises'
import { isMainThread } from 'node:worker_threads'
import { createPosix } from './posix.ts'
import type { Platform, ProcessStat } from './platform.ts'

/** All that /proc tells, and the parent-death signal. Start times are clock ticks since boot. */
export const linux: Platform = {
  ...createPosix('linux'),

  // Only from the main thread: the signal is bound to the thread that started the program.
  underParentDeath (program, args) {
    const setpriv = isMainThread ? findSetpriv() : null
    return setpriv === null ? [program, args] : [setpriv, ['--pdeathsig', 'TERM', '--', program, ...args]]
  },

  startTimeOf (pid) {
    try {
      return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.startTime
    } catch {
      return undefined
    }
  },

  async listProcesses () {
    const pids = await listPids()
    if (pids.length === 0) return undefined
    const stats = await Promise.all(pids.map(async (pid) => parseStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))))
    return stats.filter((stat) => stat !== undefined)
  },

  async environmentsOf (pids) {
    return new Map(await Promise.all(pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      return [pid, text.split('\0')] as const
    })))
  },

  async listenersOf (port, likely) {
    const sockets = await listeningSockets(port)
    if (sockets.size === 0) return []
    if (likely !== undefined && await holdsAny(likely, sockets)) return [likely]
    const holders: number[] = []
    for (const pid of await listPids()) if (await holdsAny(pid, sockets)) holders.push(pid)
    return holders
  },

  nameOf: async (pid) => (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()
}

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv']
let setpriv: string | undefined | null

function findSetpriv (): string | null {
  if (setpriv === undefined) setpriv = SETPRIV.find((file) => existsSync(file)) ?? null
  return setpriv
}

async function listPids (): Promise<number[]> {
  const entries = await readdir('/proc').catch(() => [])
  return entries.filter((name) => /^\d+$/.test(name)).map(Number)
}

// `pid (name) state ppid pgrp ...`; the name may hold anything, even parentheses.
function parseStat (text: string): ProcessStat | undefined {
  const nameEnd = text.lastIndexOf(')')
  if (nameEnd === -1) return undefined
  const fields = text.slice(nameEnd + 2).split(' ')
  return { pid: Number.parseInt(text), state: fields[0]!, group: Number(fields[2]), startTime: fields[19]! }
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
