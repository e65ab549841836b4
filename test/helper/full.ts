/** Whether this is `npm run test:full`, on a machine that has nothing else to do. */
export const isFull = (process.env['FULL'] ?? '') !== ''

/** A count that would take `npm test` past its time: a tenth of it there, all of it in `npm run test:full`. */
export function times (count: number): number {
  return isFull ? count : Math.ceil(count / 10)
}
