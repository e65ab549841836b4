/**
 * A path without doubled slashes and dot segments. Encoded ones stay: they are no slashes and dots.
 * So does a path with a backslash, which browsers take for a slash.
 */
export function cleanPath (path: string): string {
  if (path.includes('\\')) return path
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}${kept.length > 0 && path.endsWith('/') ? '/' : ''}`
}
