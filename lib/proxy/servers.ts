import type { FastifyInstance } from 'fastify'

/** All servers of an app. Fastify serves `localhost` with one for each of its addresses; it passes their upgrades on to the first, and keeps them to itself. */
export function serversOf (app: FastifyInstance): readonly object[] {
  for (let level: object | null = app; level !== null; level = Object.getPrototypeOf(level) as object | null) {
    const bindings = Object.getOwnPropertySymbols(level).find(({ description }) => description === 'fastify.serverBindings')
    if (bindings !== undefined) return [app.server, ...(level as Record<symbol, readonly object[]>)[bindings]!]
  }
  return [app.server]
}
