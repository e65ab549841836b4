/** What a name or value of `application/x-www-form-urlencoded` means; undefined if its percent-encoding is broken. */
export function decodeForm (text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** Spells a name or value for `application/x-www-form-urlencoded`. */
export function encodeForm (text: string): string {
  return String(new URLSearchParams([['', text]])).slice(1)
}
