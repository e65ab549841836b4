/** The known name that somebody who wrote this one most likely meant, if any is near. */
export function nearest (name: string, known: readonly string[]): string | undefined {
  const simple = simplify(name)
  let best: string | undefined
  let least = Infinity
  for (const candidate of known) {
    const other = simplify(candidate)
    // A third of the letters may be wrong.
    const bearable = Math.max(1, Math.floor(Math.min(simple.length, other.length) / 3))
    const distance = Math.abs(simple.length - other.length) <= bearable ? editDistance(simple, other) : Infinity
    if (distance <= bearable && distance < least) {
      best = candidate
      least = distance
    }
  }
  return best
}

// `start_port` and `startport` are spellings of `startPort`. Nobody mistypes more than this.
function simplify (name: string): string {
  return name.slice(0, 64).toLowerCase().replace(/[-_. ]/g, '')
}

/** How many letters are to be added, removed, changed or swapped with their neighbour. */
function editDistance (a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
