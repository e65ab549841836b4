/** Thrown for text that is no path. */
export class BadPath extends Error {}

/**
 * The path that is asked whether a server is ready; undefined for `none`. As in llama-swap it need not begin with a slash,
 * and what a path cannot hold is encoded; a broken encoding, which ends llama-swap itself, is refused.
 */
export function resolveCheckEndpoint (text: string): string | undefined {
  const path = text.trim()
  if (path === 'none') return undefined
  if (/%(?![0-9a-f]{2})/i.test(path)) throw new BadPath(`"${path}" has a broken percent-encoding; write a percent sign as %25`)
  const { pathname, search } = new URL(`http://localhost${path.startsWith('/') ? '' : '/'}${path}`)
  return pathname + search
}
