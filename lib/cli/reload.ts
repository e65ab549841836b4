import type { FastifyInstance } from 'fastify'
import { isLlamaSwapError } from '../../index.ts'

/** Reads the config again. A config with errors is told, and the one before stays. What has changed is told by the event. */
export async function reload (app: FastifyInstance): Promise<void> {
  if (!app.llamaSwap.status().accepting) return
  try {
    await app.llamaSwap.reload()
  } catch (error) {
    const text = `config not reloaded, the one before stays: ${(error as Error).message}`
    // What the operator can put right needs no stack.
    if (isLlamaSwapError(error)) app.log.error(text)
    else app.log.error(error, text)
  }
}
