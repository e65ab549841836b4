import { request } from 'node:http'
import type { Agent } from 'node:http'
import { NumberedStream } from './numbered-stream.ts'

export interface Question {
  readonly id: string
  readonly model: string
  readonly body: Buffer
  /** Sends only so much of it. */
  readonly sent?: number
  /** What the server gets of it, if that is known. */
  readonly received?: number | undefined
  readonly events: number
  /** Milliseconds between two events; 0: as fast as they are read. */
  readonly every: number
  readonly pad?: number
  /** When the client leaves, in milliseconds after its request. */
  readonly leaves?: number | undefined
}

/** Where a client's request was when it left. */
export type Phase = 'sending' | 'waiting' | 'streaming'

export type Outcome =
  | { readonly kind: 'complete', readonly events: number }
  | { readonly kind: 'left', readonly phase: Phase, readonly events: number }
  /** Nothing of this may happen. */
  | { readonly kind: 'wrong', readonly what: string }

/** Asks the gateway for a stream, and tells what became of it. */
export function ask (url: string, agent: Agent, question: Question): Promise<Outcome> {
  const { id, model, body, sent = body.length, received, events, every, pad = 0, leaves } = question
  const stream = new NumberedStream(id, model, received)
  return new Promise((resolve) => {
    let status: number | undefined
    let left = false
    let text = ''
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer)
      resolve(outcome)
    }
    const wrong = (what: string): void => settle({ kind: 'wrong', what: `request ${id} for ${model}, ${stream.count} of ${events} events: ${what}` })
    const over = (end: string): void => {
      if (stream.fault !== undefined) wrong(stream.fault)
      else if (left) settle({ kind: 'left', phase: sent < body.length ? 'sending' : stream.count === 0 ? 'waiting' : 'streaming', events: stream.count })
      else if (status !== 200) wrong(`${status ?? end}: ${text.slice(0, 200)}`)
      else if (end !== 'end') wrong(`cut with ${end}`)
      else if (!stream.done || stream.count !== events) wrong('ended as if it were whole')
      else settle({ kind: 'complete', events })
    }
    const path = `/v1/chat/completions?id=${id}&events=${events}&every=${every}&pad=${pad}`
    const req = request(url + path, { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': body.length } })
    const timer = leaves === undefined ? undefined : setTimeout(leave, leaves)
    function leave (): void {
      left = true
      req.destroy()
    }
    req.on('error', (error) => over(error.message)).once('response', (response) => {
      status = response.statusCode!
      response.setEncoding('utf8').on('data', (data: string) => {
        if (status === 200) stream.add(data)
        else text += data
      })
      response.on('error', (error) => over(error.message)).once('end', () => over('end'))
    })
    if (sent === body.length) req.end(body)
    else req.write(body.subarray(0, sent))
  })
}
