import type { Test } from 'tap'
import type { Gateway } from './gateway.ts'
import { megabytes, report } from './report.ts'

const MAX_GROWTH = 30e6

/** After each of two equal rounds everything is as it was before them, and the second takes no more memory than the first. */
export async function twoRounds (t: Test, gateway: Gateway, round: (name: string) => Promise<void>): Promise<void> {
  const start = await gateway.atRest()
  const memory: number[] = []
  for (const name of ['first round', 'second round']) {
    await round(name)
    t.strictSame(await gateway.atRest(start), start, `${name}: files, sockets, listeners, timers and processes are as at the start`)
    memory.push(await gateway.call('memory'))
    report(`${name}: RSS ${megabytes(memory.at(-1)!)}`)
  }
  t.ok(memory[1]! - memory[0]! < MAX_GROWTH, `RSS: ${megabytes(memory[1]! - memory[0]!)} more than after the first round`)
  t.strictSame(await gateway.close(), { exit: 0, printed: '' }, 'it ends by itself, and had nothing to complain about')
}
