/** Plain data that nobody can change any more. */
export function freezeDeep<Data> (data: Data): Data {
  if (typeof data !== 'object' || data === null) return data
  Object.values(data).forEach(freezeDeep)
  return Object.freeze(data)
}
