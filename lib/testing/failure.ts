import type { Json } from './answers.ts'
import { mark } from './mark.ts'
import type { Shape } from './shapes.ts'

/** The body of an error, as the protocol of the path has it. `name` is the upstream's. */
export function failure (shape: Shape, name: string, status: number, message: string): Json {
  const upstream = mark(name)
  return shape === 'messages' || shape === 'tokens'
    ? { type: 'error', error: { type: 'api_error', message }, upstream }
    : { error: { message, type: typeOf(status), code: status }, upstream }
}

// As llama-server names them.
function typeOf (status: number): string {
  if (status === 404) return 'not_found_error'
  if (status === 503) return 'unavailable_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}
