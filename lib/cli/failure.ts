/** Something the user can put right: told in its own words, without a stack. */
export class Failure extends Error {}

/** A command line that cannot be read. */
export class CommandLineError extends Failure {
  constructor (message: string) {
    super(`${message} (--help lists the flags)`)
  }
}
