/** A default or an example in one line of YAML, as a person would write it. */
export function printExample (value: unknown): string {
  if (value === undefined || value === '') return ''
  if (Array.isArray(value)) return `[${value.map(printExample).join(', ')}]`
  if (typeof value === 'object' && value !== null) return `{${Object.entries(value).map(([key, item]) => `${key}: ${printExample(item)}`).join(', ')}}`
  return String(value)
}
