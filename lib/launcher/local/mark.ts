import { randomUUID } from 'node:crypto'
import { environmentOf, isLive, listProcesses, startTimeOf } from './proc.ts'
import type { ProcessStat } from './proc.ts'

// Set in the environment of every server, and so of all that it starts: how its processes are found again, wherever they went.
const RUN = 'LLAMA_SWAP_RUN'
const OWNER = 'LLAMA_SWAP_OWNER'

/** Who started a server. */
export interface Owner {
  readonly instance: string
  readonly pid: number
  readonly startTime: string
}

/** The owner that this process is. */
export function ownOwner (instance: string): Owner {
  return { instance, pid: process.pid, startTime: startTimeOf(process.pid) ?? '' }
}

/** The marks of one run of a server, for its environment. */
export function createMarks ({ instance, pid, startTime }: Owner): { run: string, environment: Record<string, string> } {
  const run = randomUUID()
  return { run, environment: { [RUN]: run, [OWNER]: `${pid} ${startTime} ${instance}` } }
}

/** The live processes outside of a server's group that carry its run's mark: they have left it. None is older than the server. */
export async function findStrays (run: string, leader: number, startTime: string | undefined): Promise<ProcessStat[]> {
  const found = await findMarked(`${RUN}=${run}`, (stat) => stat.group !== leader && Number(stat.startTime) >= Number(startTime ?? 0))
  return found.map(({ stat }) => stat)
}

/** The live processes of an instance's servers, each with the owner that started it. */
export async function findInstance (instance: string): Promise<Array<{ stat: ProcessStat, owner: Owner }>> {
  const marked = await findMarked(`${OWNER}=`)
  return marked.map(({ stat, text }) => ({ stat, owner: parseOwner(text) })).filter(({ owner }) => owner.instance === instance)
}

/** Whether the process that started a server is still the same and alive. */
export function isOwnerAlive ({ pid, startTime }: Owner): boolean {
  return startTimeOf(pid) === startTime
}

// Reading an environment is dear, so `candidate` may rule processes out before.
async function findMarked (mark: string, candidate = (_stat: ProcessStat): boolean => true): Promise<Array<{ stat: ProcessStat, text: string }>> {
  const processes = (await listProcesses() ?? []).filter((stat) => isLive(stat) && candidate(stat))
  const found = await Promise.all(processes.map(async (stat) => {
    const text = (await environmentOf(stat.pid)).find((pair) => pair.startsWith(mark))
    return text === undefined ? [] : [{ stat, text }]
  }))
  return found.flat()
}

function parseOwner (text: string): Owner {
  const [pid = '', startTime = '', ...instance] = text.slice(OWNER.length + 1).split(' ')
  return { pid: Number(pid), startTime, instance: instance.join(' ') }
}
