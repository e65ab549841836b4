/** Names that mean other models while the profile is active. */
export interface ProfileInput {
  description?: string
  /** The name as a client sends it -> the model, alias, peer model or selector that it means; empty or null: none, the name is unknown. Pins do not lead to pins. */
  pins: Record<string, string | null>
  [key: string]: unknown
}
