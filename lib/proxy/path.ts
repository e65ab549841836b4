import { errors } from '../errors.ts'

/** What a request line asks for. */
export interface RequestTarget {
  /** As it was sent. */
  readonly path: string
  /** With its question mark; empty when there is none. */
  readonly query: string
}

/** Splits a request's target. Of the absolute form, which is meant for proxies, the host is left out: Fastify routes it by its path too. */
export function targetOf (url: string): RequestTarget {
  const target = url.startsWith('/') ? url : url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '')
  const question = target.indexOf('?')
  return question === -1 ? { path: target, query: '' } : { path: target.slice(0, question), query: target.slice(question) }
}

/**
 * Refuses a path that another server might read differently than we do: dot segments (also encoded), backslashes, broken percent-encoding,
 * no slash at its start.
 *
 * @param target - path and query, as sent
 * @throws an `FST_LS_PATH_INVALID` error
 */
export function checkPath (target: string): void {
  const { path } = targetOf(target)
  let decoded: string
  try {
    decoded = path.includes('%') ? decodeURIComponent(path) : path
  } catch {
    throw new errors.PathInvalid()
  }
  // eslint-disable-next-line no-control-regex
  if (!target.startsWith('/') || /[\\\u0000-\u001f]/.test(decoded) || /\/\.\.?(\/|$)/.test(decoded)) throw new errors.PathInvalid()
}
