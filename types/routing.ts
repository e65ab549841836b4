/** Models that share room. */
export interface GroupInput {
  /** Whether only one of the members runs at a time. Default true. */
  swap?: boolean
  /** Whether a start of a member stops the models of other groups. Default true. */
  exclusive?: boolean
  /** Keeps the members running when a model of an exclusive other group starts. Default false. */
  persistent?: boolean
  /** The models, by id or alias. A model belongs to one group at most. */
  members?: string[]
  [key: string]: unknown
}

/** Which models may run together, as sets. */
export interface MatrixInput {
  /** Short names for models: 1 to 32 letters, digits, `-` or `.` -> the model's id. */
  vars?: Record<string, string>
  /** What it costs to stop a model, by var or model id: whole numbers above 0. Default 1. The cheapest stops are chosen. */
  evict_costs?: Record<string, number>
  /**
   * Name -> expression: `a & b` run together, `a | b` are alternatives, `+name` is another set, and `&` binds tighter than `|`.
   * When two sets cost the same, the one that is referred to goes before the one that refers to it, and then names in natural order (`s9` before `s10`).
   */
  sets?: Record<string, string>
  [key: string]: unknown
}

/** Who runs beside whom. */
export interface RouterInput {
  /** Which of the settings counts. Default `group`. */
  use?: 'group' | 'matrix'
  settings?: {
    groups?: Record<string, GroupInput>
    matrix?: MatrixInput
    [key: string]: unknown
  }
  [key: string]: unknown
}

/** How the `fair` scheduler divides the room. llama-swap ignores these keys. */
export interface FairInput {
  /** Seconds a request waits for room before new requests for the model that holds it queue behind it. Default 10. */
  maxWait?: number
  /** Seconds a model that was just loaded keeps its place, at most: as long as its load took, and `maxWait` when somebody waits. Default 30. */
  minResidency?: number
  /** How many requests may wait in all; the next one is refused with 503. Default 512. */
  maxQueue?: number
  [key: string]: unknown
}

/** Who is served next. */
export interface SchedulerInput {
  /** `fair`: nobody starves. `fifo`: llama-swap's order. Default `fair`. */
  use?: 'fair' | 'fifo'
  settings?: {
    fifo?: {
      /** Model, by id or alias -> priority, a whole number; the higher is served first. Default 0. Both schedulers heed it. */
      priority?: Record<string, number>
      [key: string]: unknown
    }
    fair?: FairInput
    [key: string]: unknown
  }
  [key: string]: unknown
}

/** The `routing` key of a config. */
export interface RoutingInput {
  router?: RouterInput
  scheduler?: SchedulerInput
  [key: string]: unknown
}
