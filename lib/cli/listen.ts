import type { FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import type { Address } from './address.ts'
import { Failure } from './failure.ts'

// Enough for all that a developer's machine may run.
const MAX_TRIES = 100

/**
 * Listens; returns where. With `nextFree`, a taken port is told and the next one is tried.
 *
 * @throws Failure that says in one line why it cannot listen
 */
export async function listen (app: FastifyInstance, { host, port }: Address, { nextFree = false } = {}): Promise<Address> {
  for (let candidate = port; ; candidate++) {
    try {
      await bind(app, host, candidate)
      if (candidate !== port) app.log.warn(`port ${port} is taken; listening on ${candidate} instead`)
      return { host, port: (app.server.address() as AddressInfo).port }
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!taken || !nextFree || candidate === 65535 || candidate - port === MAX_TRIES) throw new Failure(inWords(error as NodeJS.ErrnoException, { host, port: candidate }))
    }
  }
}

async function bind (app: FastifyInstance, host: string | undefined, port: number): Promise<void> {
  if (host !== undefined) {
    await app.listen({ host, port })
    return
  }
  try {
    await app.listen({ host: '::', port })
  } catch (error) {
    // A machine without IPv6.
    if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    await app.listen({ host: '0.0.0.0', port })
  }
}

function inWords ({ code, message }: NodeJS.ErrnoException, { host = '', port }: Address): string {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  switch (code) {
    case 'EADDRINUSE': return `cannot listen on ${address}: the port is taken; choose another with --listen`
    case 'EACCES': return `cannot listen on ${address}: no permission for this port; choose one from 1024 on with --listen`
    case 'EADDRNOTAVAIL': return `cannot listen on ${address}: it is not an address of this machine`
    case 'ENOTFOUND': case 'EAI_AGAIN': return `cannot listen on ${address}: there is no such host`
    default: return `cannot listen on ${address}: ${message}`
  }
}
