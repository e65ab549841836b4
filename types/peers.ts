import type { FiltersInput } from './filters.ts'
import type { TimeoutsInput } from './timeouts.ts'

/** Another gateway or a provider's API that serves models of its own. */
export interface PeerInput {
  /** Its base URL. A path is put before the path of every request. */
  proxy: string
  /** Replaces the client's credentials, as `Authorization: Bearer` and as `x-api-key`. Default: the client's go through where the app forwards them. */
  apiKey?: string
  /** The models it serves. Each is reached as `peer/model`, and by its bare name if no other peer has that. Local models and aliases go first. */
  models: string[]
  filters?: FiltersInput
  /** As for models, but `responseHeader` defaults to 60. */
  timeouts?: TimeoutsInput
  [key: string]: unknown
}
