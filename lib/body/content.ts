import { ModelScanner } from './model-scanner.ts'
import { boundaryOf, MultipartScanner } from './multipart.ts'
import type { BodyScanner } from './scanner.ts'
import { UrlencodedScanner } from './urlencoded.ts'

/** The scanner for a body of this Content-Type. What names none that we know is taken for JSON. */
export function scannerFor (contentType: string | undefined): BodyScanner {
  const type = contentType?.split(';', 1)[0]!.toLowerCase() ?? ''
  if (type.includes('multipart/form-data')) return new MultipartScanner(boundaryOf(contentType!))
  if (type.includes('application/x-www-form-urlencoded')) return new UrlencodedScanner()
  return new ModelScanner()
}
