import { errors, isLlamaSwapError } from '../errors.ts'
import type { LlamaSwapError } from '../errors.ts'

/** What an error of the transport means to a client: never an address. The operator gets its own words too. */
export function upstreamError (error: Error, model: string): LlamaSwapError {
  const cause = error.cause instanceof Error ? error.cause : error
  if (isLlamaSwapError(cause)) return cause
  const { code = '', message } = cause as NodeJS.ErrnoException
  return Object.assign(make(code, model), { cause, detail: message === '' ? code : message })
}

function make (code: string, model: string): LlamaSwapError {
  if (/^(ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOENT)$/.test(code)) return new errors.UpstreamUnreachable(model)
  if (/^(UND_ERR_HEADERS_TIMEOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_BODY_TIMEOUT|ETIMEDOUT)$/.test(code)) return new errors.UpstreamTimeout(model)
  if (/CERT|SIGNATURE|HOSTNAME_MISMATCH|UND_ERR_PRX_TLS/.test(code)) return new errors.UpstreamUntrusted(model)
  return new errors.UpstreamFailed(model)
}
