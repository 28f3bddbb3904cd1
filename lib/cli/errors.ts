/** The command line or an input is wrong: exit code 2. The message is for the one who typed it. */
export class UsageError extends Error {}

/** The code of an error from the system, such as `'ENOENT'`. */
export const codeOf = (error: unknown): string | undefined => (error as { code?: string } | undefined)?.code;
