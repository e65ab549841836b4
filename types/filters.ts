/** Changes to the JSON body of a request. `model` is never touched by them. */
export interface FiltersInput {
  /** Fields to take out, separated by commas. A dot leads into an object. */
  stripParams?: string
  /** The old name of `stripParams`, read when that is empty. */
  strip_params?: string
  /** Fields to set -> their values. */
  setParams?: Record<string, unknown>
  /** The name that was asked for -> fields to set for it. */
  setParamsByID?: Record<string, Record<string, unknown> | null>
  [key: string]: unknown
}
