/** What a variable of the environment says, such as a seed. */
export function envNumber (variable: string): number | undefined {
  const text = process.env[variable]
  if (text === undefined || text === '') return undefined
  if (!/^\d+$/.test(text)) throw new Error(`${variable} is no number: ${text}`)
  return Number(text)
}
