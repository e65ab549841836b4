/** How long a model's server takes, in milliseconds. */
export interface ModelTimes {
  readonly load: number
  readonly stop: number
}

/** A request that comes, and how long it is served once it has its server. */
export interface Arrival {
  readonly at: number
  readonly model: string
  readonly service: number
  readonly priority?: number
}

/** What happens to a machine, whoever schedules it. A model serves any number of requests side by side. */
export interface Workload {
  readonly models: ReadonlyMap<string, ModelTimes>
  /** By their time. */
  readonly arrivals: readonly Arrival[]
}
