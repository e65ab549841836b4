import type { ScanResult } from '../../lib/body/scanner.ts'

export const found = (model: string): ScanResult => ({ kind: 'found', model })
export const missing: ScanResult = { kind: 'missing' }
export const ambiguous: ScanResult = { kind: 'ambiguous' }
export const notJson: ScanResult = { kind: 'notJson' }
export const malformed = (what: string): ScanResult => ({ kind: 'malformed', what })
