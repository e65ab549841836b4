const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y

/** Milliseconds of a length of time as Go writes it: `1m30s`, `1.5h`, `-5s`, `0`. Undefined if it is none. */
export function parseDuration (text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1
  const rest = text.replace(/^[-+]/, '')
  if (rest === '0') return 0
  let total = 0
  let at = 0
  while (at < rest.length) {
    PART.lastIndex = at
    const match = PART.exec(rest)
    if (match === null) return undefined
    total += Number(match[1]) * UNITS[match[2]!]!
    at = PART.lastIndex
  }
  return at === 0 ? undefined : sign * total
}
