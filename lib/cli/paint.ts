import { styleText } from 'node:util'

/** Colours a text, or leaves it as it is. */
export type Paint = (style: 'red' | 'yellow' | 'green' | 'dim', text: string) => string

/** Colours where they are wanted (https://no-color.org). */
export function createPaint (stream: { isTTY?: boolean }, noColor = process.env['NO_COLOR']): Paint {
  if (stream.isTTY !== true || noColor) return (_style, text) => text
  // The stream is checked here; newer Nodes would check another one.
  return (style, text) => styleText(style, text, { validateStream: false })
}
