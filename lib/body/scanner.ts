export type ScanResult =
  | { readonly kind: 'found', readonly model: string }
  | { readonly kind: 'missing' | 'ambiguous' | 'notJson' }
  /** A form, or a query, that cannot be read; `what` completes "the form is malformed: ". */
  | { readonly kind: 'malformed', readonly what: string }

interface Scanner {
  /** Whether the body asks for a stream: its `stream` is `true`. Known, as the result is, once all bytes were scanned. */
  readonly streams: boolean
  /** Looks at `bytes` up to `end`; what was before has not changed, though the Buffer may be another. */
  scan (bytes: Buffer, end: number): void
  /** What was found, once all bytes were scanned. */
  result (): ScanResult
}

export interface JsonScanner extends Scanner {
  readonly kind: 'json'
}

export interface FormScanner extends Scanner {
  readonly kind: 'form'
  /** The body with `model` in the place of the one that was found, wherever that stands. All other bytes stay as they are. */
  rewrite (bytes: Buffer, model: string): Buffer
}

/** Finds the model that a body names, while its bytes arrive. Of which kind the body is may only be known when all were scanned. */
export type BodyScanner = JsonScanner | FormScanner
