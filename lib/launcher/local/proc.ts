import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'

// Linux's /proc, in one place. Where there is none, every answer here is "unknown".

export interface ProcessStat {
  readonly pid: number
  readonly state: string
  readonly group: number
  /** In clock ticks since boot: tells a recycled pid from the process that had it before. */
  readonly startTime: string
}

/** Every process of the machine; undefined where /proc cannot tell. */
export async function listProcesses (): Promise<ProcessStat[] | undefined> {
  const entries = await readdir('/proc').catch(() => [])
  const pids = entries.filter((name) => /^\d+$/.test(name))
  if (pids.length === 0) return undefined
  const stats = await Promise.all(pids.map(async (pid) => parseStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))))
  return stats.filter((stat) => stat !== undefined)
}

/** When a process started; undefined when it is gone or unknown. */
export function startTimeOf (pid: number): string | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.startTime
  } catch {
    return undefined
  }
}

/** A process's environment as it was at its start; empty when it may not be read. */
export async function environmentOf (pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  return text.split('\0')
}

/** A zombie holds nothing any more. */
export function isLive ({ state }: ProcessStat): boolean {
  return state !== 'Z' && state !== 'X'
}

// `pid (name) state ppid pgrp ...`; the name may hold anything, even parentheses.
function parseStat (text: string): ProcessStat | undefined {
  const nameEnd = text.lastIndexOf(')')
  if (nameEnd === -1) return undefined
  const fields = text.slice(nameEnd + 2).split(' ')
  return { pid: Number.parseInt(text), state: fields[0]!, group: Number(fields[2]), startTime: fields[19]! }
}
