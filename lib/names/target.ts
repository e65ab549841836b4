/** What a name stands for: a model of ours, or one of a peer's. */
export type Target = LocalTarget | PeerTarget

interface Named {
  /** The model: its id or, for a peer's, its full name `peer/model`. */
  readonly model: string
  /** The name that was asked for, after profile and selector; `filters.setParamsByID` goes by it. */
  readonly name: string
  /** The name to write into the request, where the server knows the model by another one than the client sent. */
  readonly rewrite?: string | undefined
  /** The selector that has chosen it. */
  readonly selector?: string
}

export interface LocalTarget extends Named {
  readonly kind: 'local'
}

export interface PeerTarget extends Named {
  readonly kind: 'peer'
  readonly peer: string
}

/** The same target for a client that has sent another name. */
export function underOtherName (target: Target): Target {
  return target.rewrite === undefined ? { ...target, rewrite: target.name } : target
}
