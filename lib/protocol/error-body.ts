import { wireCode } from '../errors.ts'
import type { LlamaSwapError } from '../errors.ts'
import type { Protocol } from './protocol.ts'

/** The body of an error answer: llama-swap's envelope, or Anthropic's for its routes. Says what happened; never an address, a path or a server's output. */
export function errorBody (error: LlamaSwapError, protocol: Protocol): object {
  const { message, statusCode } = error
  if (protocol === 'anthropic') return { type: 'error', error: { type: anthropicType(statusCode), message } }
  return { src: 'llama-swap', error: { message, type: openaiType(statusCode), param: null, code: wireCode(error) } }
}

/** An error answer as the client accepts it, as llama-swap has it: plain text, a page, or JSON, which a 429 always is. */
export function renderError (error: LlamaSwapError, protocol: Protocol, accept = ''): { type: string, body: string } {
  if (error.statusCode !== 429 && accept.includes('text/plain')) return { type: 'text/plain; charset=utf-8', body: `llama-swap: ${error.message}` }
  if (error.statusCode !== 429 && accept.includes('text/html')) {
    return { type: 'text/html; charset=utf-8', body: `<html><body><h1>llama-swap</h1><p>${escapeHtml(error.message)}</p></body></html>` }
  }
  return { type: 'application/json; charset=utf-8', body: JSON.stringify(errorBody(error, protocol)) }
}

function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** An error in the middle of an event stream, as the protocol's clients expect it. */
export function errorEvent (error: LlamaSwapError, protocol: Protocol): string {
  return rawErrorEvent(JSON.stringify(errorBody(error, protocol)), protocol)
}

/** An error that comes from the server, in its own words. */
export function rawErrorEvent (data: string, protocol: Protocol): string {
  return protocol === 'openai' || protocol === 'chat' ? `data: ${data}\n\n` : `event: error\ndata: ${data}\n\n`
}

/** The words of a server's error body, on one line, if clients can tell an error by them. */
export function wordsOf (body: string): string | undefined {
  try {
    const parsed = JSON.parse(body) as { error?: unknown } | null
    return parsed?.error ? JSON.stringify(parsed) : undefined
  } catch {
    return undefined
  }
}

// llama-swap's table.
function openaiType (status: number): string {
  if (status === 401 || status === 403) return 'authentication_error'
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

// https://docs.anthropic.com/en/api/errors
function anthropicType (status: number): string {
  switch (status) {
    case 401: return 'authentication_error'
    case 403: return 'permission_error'
    case 404: return 'not_found_error'
    case 413: return 'request_too_large'
    case 429: return 'rate_limit_error'
    case 503: return 'overloaded_error'
    default: return status < 500 ? 'invalid_request_error' : 'api_error'
  }
}
