import type { UpstreamStats } from './stats.ts'

export { upstreamCommand } from './command.ts'
export type { Fault } from './faults.ts'
export type { FormField } from './form.ts'
export type { UpstreamMark } from './mark.ts'
export type { UpstreamOptions } from './options.ts'
export type { UpstreamEvent } from './record.ts'
export type { UpstreamStats } from './stats.ts'

/** What the upstream that listens at `origin` counted. */
export async function upstreamStats (origin: string): Promise<UpstreamStats> {
  const response = await fetch(new URL('/stats', origin))
  if (!response.ok) throw new Error(`The upstream answered ${response.status} to /stats`)
  return await response.json() as UpstreamStats
}
