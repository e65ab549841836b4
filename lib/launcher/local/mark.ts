import { randomUUID } from 'node:crypto'
import { isLive, thisPlatform } from './platform/platform.ts'
import type { Platform, ProcessStat } from './platform/platform.ts'

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
  return { instance, pid: process.pid, startTime: thisPlatform.startTimeOf(process.pid) ?? '' }
}

/** The marks of one run of a server, for its environment. */
export function createMarks ({ instance, pid, startTime }: Owner): { run: string, environment: Record<string, string> } {
  const run = randomUUID()
  return { run, environment: { [RUN]: run, [OWNER]: `${pid} ${startTime} ${instance}` } }
}

/** The live processes outside of a server's group that carry its run's mark: they have left it. None is older than the server. */
export async function findStrays (run: string, leader: number, startTime: string | undefined, platform: Platform = thisPlatform): Promise<ProcessStat[]> {
  const processes = await listProcesses(platform)
  const candidates = processes.filter((stat) => isLive(stat) && stat.group !== leader && Number(stat.startTime) >= Number(startTime ?? 0))
  return (await findMarked(`${RUN}=${run}`, candidates, platform)).map(({ stat }) => stat)
}

/** A live process of an instance's servers. */
export interface InstanceProcess {
  readonly stat: ProcessStat
  readonly owner: Owner
  /** Whether the process that started the server is still the same and alive. */
  readonly owned: boolean
}

export async function findInstance (instance: string, platform: Platform = thisPlatform): Promise<InstanceProcess[]> {
  const processes = await listProcesses(platform)
  const marked = await findMarked(`${OWNER}=`, processes.filter(isLive), platform)
  return marked.map(({ stat, text }) => ({ stat, owner: parseOwner(text) }))
    .filter(({ owner }) => owner.instance === instance)
    .map(({ stat, owner }) => ({ stat, owner, owned: isOwned(stat, owner, processes, platform) }))
}

// An owner that did not know its own start time is at least older than what it has started.
function isOwned (server: ProcessStat, { pid, startTime }: Owner, processes: readonly ProcessStat[], platform: Platform): boolean {
  if (startTime !== '') return platform.startTimeOf(pid) === startTime
  return processes.some((stat) => stat.pid === pid && isLive(stat) && Number(stat.startTime) <= Number(server.startTime))
}

async function listProcesses (platform: Platform): Promise<ProcessStat[]> {
  return await platform.listProcesses?.() ?? []
}

// Reading an environment is dear, so only those of candidates are read.
async function findMarked (mark: string, candidates: readonly ProcessStat[], platform: Platform): Promise<Array<{ stat: ProcessStat, text: string }>> {
  const environments = await platform.environmentsOf(candidates.map(({ pid }) => pid))
  return candidates.flatMap((stat) => {
    const text = environments.get(stat.pid)?.find((pair) => pair.startsWith(mark))
    return text === undefined ? [] : [{ stat, text }]
  })
}

function parseOwner (text: string): Owner {
  const [pid = '', startTime = '', ...instance] = text.slice(OWNER.length + 1).split(' ')
  return { pid: Number(pid), startTime, instance: instance.join(' ') }
}
