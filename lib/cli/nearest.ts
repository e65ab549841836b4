/** Until lib/config has it. */
export function nearest (name: string, known: readonly string[]): string | undefined {
  return known.find((candidate) => candidate.startsWith(name))
}
