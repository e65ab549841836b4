import type { Socket } from 'node:net'
import { Client } from 'undici'
import type { Dispatcher, buildConnector } from 'undici'

type Handler = Required<Pick<Dispatcher.DispatchHandler, 'onHeaders' | 'onComplete'>>

/**
 * One connection of a pool. It is not used again once it has carried an event stream: llama-server closes it then, whatever its
 * headers said, and a request sent meanwhile would be lost.
 */
export function createClient (origin: URL, options: object): Client {
  const { connect } = options as { connect: buildConnector.connector }
  let socket: Socket | null = null
  const client = new Client(origin, {
    ...options,
    connect: (to, done) => connect(to, (...result) => {
      socket = result[1]
      done(...result)
    })
  })
  const dispatch = client.dispatch.bind(client)
  client.dispatch = (request, handler) => {
    // The pool hands over handlers of this kind only, whatever it was given.
    const { onHeaders, onComplete } = handler as Handler
    let isStream = false
    handler.onHeaders = function (status, headers, ...rest) {
      isStream = isEventStream(headers)
      return onHeaders.call(this, status, headers, ...rest)
    }
    handler.onComplete = function (trailers) {
      onComplete.call(this, trailers)
      if (isStream) socket?.destroy()
    }
    return dispatch(request, handler)
  }
  return client
}

const CONTENT_TYPE = 'content-type'

// Names and values in turn.
function isEventStream (headers: readonly Buffer[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!
    if (name.length !== CONTENT_TYPE.length || name.toString('latin1').toLowerCase() !== CONTENT_TYPE) continue
    return /^text\/event-stream\b/i.test(headers[i + 1]!.toString('latin1'))
  }
  return false
}
