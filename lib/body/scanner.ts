export type ScanResult =
  | { readonly kind: 'found', readonly model: string }
  | { readonly kind: 'missing' | 'ambiguous' | 'notJson' }

/** Finds the model that a body names, while its bytes arrive. */
export interface BodyScanner {
  /** Looks at `bytes` up to `end`; what was before has not changed, though the Buffer may be another. */
  scan (bytes: Buffer, end: number): void
  /** What was found, once all bytes were scanned. */
  result (): ScanResult
}
