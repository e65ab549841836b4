// What the URL parser would take out or mend silently: space, control characters, broken percent-encoding.
// eslint-disable-next-line no-control-regex
const MALFORMED = /[\u0000-\u0020\u007f]|%(?![0-9a-f]{2})/i

/** What is wrong with a peer's base URL, if anything. Credentials in it are not repeated. */
export function proxyProblem (proxy: string | undefined): string | undefined {
  if (!proxy) return 'is required, such as http://192.168.1.10:8080'
  if (!MALFORMED.test(proxy) && URL.canParse(proxy) && /^https?:\/\//i.test(proxy)) return undefined
  return `invalid proxy URL "${proxy.replace(/\/\/.*@/, '//***@')}": must be like http://192.168.1.10:8080`
}
