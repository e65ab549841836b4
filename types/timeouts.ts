/** Limits of the connections to a server, in whole seconds; 0 is no limit. */
export interface TimeoutsInput {
  /** For a connection to be made. Default 30. */
  connect?: number
  /** Until the first TCP keep-alive probe. Default 30. */
  keepalive?: number
  /** For the headers of an answer. Default 0, for peers 60. */
  responseHeader?: number
  /** Default 10. */
  tlsHandshake?: number
  /** Accepted, without effect: `Expect: 100-continue` is answered by the gateway itself. */
  expectContinue?: number
  /** How long an idle connection is kept; 4 at most, since servers that close first lose requests, and none after an event stream. Default 90. */
  idleConn?: number
  [key: string]: unknown
}
