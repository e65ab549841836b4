import { ReadableStream } from 'node:stream/web'
import type { RequestInit, Response } from 'undici'
import type { Lease } from '../../types/lease.ts'
import type { RequestOptions } from '../../types/ticket.ts'
import type { Manager } from '../manager/manager.ts'
import { poolFetch, withBody } from '../model/pool.ts'

/** `fetch` to a model's server; the lease is held until the body was read to its end, or cancelled. */
export async function fetchModel (manager: Manager, model: string, path: string, init: RequestInit & RequestOptions = {}): Promise<Response> {
  const { priority, deadline, signal, ...request } = init
  const lease = await manager.acquire(model, {
    ...(signal != null && { signal }),
    ...(priority !== undefined && { priority }),
    ...(deadline !== undefined && { deadline })
  })
  const link = linkSignals(signal ?? undefined, lease)
  const end = (): void => {
    link.end()
    lease.release()
  }
  try {
    const response = await poolFetch(lease, path, { ...request, signal: link.signal })
    if (response.body !== null) return withBody(response, untilEnd(response.body as ReadableStream<Uint8Array>, end))
    end()
    return response
  } catch (error) {
    end()
    throw error
  }
}

// Not AbortSignal.any: undici's fetch throws on what it returns (Node 20).
function linkSignals (own: AbortSignal | undefined, lease: Lease): { signal: AbortSignal, end (): void } {
  const controller = new AbortController()
  const sources = own === undefined ? [lease.signal] : [lease.signal, own]
  const listeners = sources.map((source) => {
    const abort = (): void => controller.abort(source.reason)
    if (source.aborted) abort()
    source.addEventListener('abort', abort)
    return () => source.removeEventListener('abort', abort)
  })
  return { signal: controller.signal, end () { for (const remove of listeners) remove() } }
}

// The same bytes; calls back when they end, break off, or are not wanted any more.
function untilEnd (body: ReadableStream<Uint8Array>, end: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>({
    async pull (controller) {
      try {
        const { done, value } = await reader.read()
        if (!done) return controller.enqueue(value)
        end()
        controller.close()
      } catch (error) {
        end()
        controller.error(error)
      }
    },
    async cancel (reason) {
      end()
      await reader.cancel(reason)
    }
  }, { highWaterMark: 0 })
}
