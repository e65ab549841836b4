import type { FastifyReply } from 'fastify'
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { LlamaSwapError } from '../errors.ts'
import { errorEvent } from '../protocol/error-body.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { cut } from './cut.ts'

const NOTHING = Buffer.alloc(0)
const LF = 0x0a
const CR = 0x0d

export interface Pump {
  /** Ends the stream visibly incomplete: the half-written event closed, the error in the protocol's words, no end mark. */
  truncate (error: LlamaSwapError): void
}

/** Begins an event stream: past Fastify, whose `send` holds the headers back until the first chunk. What the host has set (CORS, cookies, a request id) goes with them. */
export function openEventStream (reply: FastifyReply): void {
  const { raw } = reply.header('x-accel-buffering', 'no')
  reply.hijack()
  raw.writeHead(reply.statusCode, reply.getHeaders() as NodeJS.Dict<string | string[]>)
  // Not flushHeaders, which changes letters beyond ASCII in them.
  raw.write(NOTHING)
}

/**
 * Sends an event stream to a client: each chunk as it comes, with backpressure, none held.
 *
 * @param inBand - whether an error can be written into the stream (not when it is compressed or has a length)
 */
export function pump (stream: Readable, raw: ServerResponse, protocol: Protocol, inBand: boolean, onBroken: () => void): Pump {
  let last = LF
  let lastButOne = LF
  let done = false

  stream.on('data', (chunk: Buffer) => {
    if (chunk.length === 0) return
    lastButOne = chunk.length > 1 ? chunk[chunk.length - 2]! : last
    last = chunk[chunk.length - 1]!
    if (!raw.write(chunk)) stream.pause()
  })
  raw.on('drain', () => stream.resume())
  stream.once('end', () => {
    if (done) return
    done = true
    raw.end()
  })
  stream.on('error', () => { if (!done) onBroken() })

  return {
    truncate (error) {
      if (done) return
      done = true
      stream.destroy()
      if (inBand) {
        const atBoundary = last === LF && (lastButOne === LF || lastButOne === CR)
        raw.write((atBoundary ? '' : '\n\n') + errorEvent(error, protocol))
      }
      cut(raw)
    }
  }
}
