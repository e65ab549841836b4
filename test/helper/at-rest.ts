import { setTimeout as delay } from 'node:timers/promises'

// What ends by itself after a while (a connection's close, a timer of undici's) may take so long on a busy machine.
const MAX_REST = 20_000

/** Names and how often there is such a thing. */
export type Counts = Readonly<Record<string, number>>

/** The counts once they are those that are expected, or, with none, once they are the same twice; after a while those there are. */
export async function atRest (count: () => Promise<Counts>, expected?: Counts): Promise<Counts> {
  const end = performance.now() + MAX_REST
  for (let before = expected; ;) {
    const counts = await count()
    if (performance.now() > end || JSON.stringify(counts) === JSON.stringify(before)) return counts
    before = expected ?? counts
    await delay(500)
  }
}
