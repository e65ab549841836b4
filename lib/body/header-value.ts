export interface HeaderValue {
  /** What comes before the parameters, in lower case. */
  readonly type: string
  /** By their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

const MAX_PARAMETERS = 32

const NAME = /[!#$%&'*+.^_`|~\w-]+/.source
const parameter = (quoted: RegExp): RegExp => new RegExp(`;[ \\t]*(?:(${NAME})[ \\t]*=[ \\t]*(?:"(${quoted.source})"|([^";]*)))?[ \\t]*`, 'y')
const WITH_ESCAPES = parameter(/(?:[^"\\]|\\.)*/)
const WITHOUT_ESCAPES = parameter(/[^"]*/)

/** Reads `form-data; name="model"` and its like. Undefined if it is malformed, has a parameter twice, or too many. */
export function parseHeaderValue (text: string): HeaderValue | undefined {
  const type = text.split(';', 1)[0]!
  const rest = text.slice(type.length)
  // A backslash escapes in the RFCs. Browsers write it as it is, also before the closing quote (and `"` as `%22`): that fails as the former.
  const parameters = read(rest, WITH_ESCAPES, (value) => value.replace(/\\(.)/g, '$1')) ?? read(rest, WITHOUT_ESCAPES, (value) => value)
  return parameters && { type: type.trim().toLowerCase(), parameters }
}

function read (text: string, pattern: RegExp, unescape: (quoted: string) => string): Map<string, string> | undefined {
  const parameters = new Map<string, string>()
  pattern.lastIndex = 0
  for (let i = 0; pattern.lastIndex < text.length; i++) {
    const match = pattern.exec(text)
    if (match === null || i === MAX_PARAMETERS) return undefined
    const [, name, quoted, plain] = match
    if (name === undefined) continue
    if (parameters.has(name.toLowerCase())) return undefined
    parameters.set(name.toLowerCase(), quoted === undefined ? plain!.trimEnd() : unescape(quoted))
  }
  return parameters
}
