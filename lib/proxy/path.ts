import { errors } from '../errors.ts'

/**
 * Refuses a path that another server might read differently than we do: dot segments (also encoded), backslashes, broken percent-encoding.
 *
 * @param target - path and query, as sent
 * @throws an `FST_LS_PATH_INVALID` error
 */
export function checkPath (target: string): void {
  const query = target.indexOf('?')
  const path = query === -1 ? target : target.slice(0, query)
  let decoded: string
  try {
    decoded = path.includes('%') ? decodeURIComponent(path) : path
  } catch {
    throw new errors.PathInvalid()
  }
  // eslint-disable-next-line no-control-regex
  if (/[\\\u0000-\u001f]/.test(decoded) || /(^|\/)\.\.?(\/|$)/.test(decoded)) throw new errors.PathInvalid()
}
