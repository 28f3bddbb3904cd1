// Errors as Node's own functions throw them: a standard class, a `code`, and a message that names the argument, what was
// expected and what came.

import { inspect } from 'node:util';

/** `error` with the property `code`, as Node's errors have it. */
export function withCode<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code });
}

const onOneLine = (value: unknown): string =>
  inspect(value, { depth: 0, maxArrayLength: 4, breakLength: Number.POSITIVE_INFINITY });

function received(value: unknown): string {
  if (value === null || value === undefined) return `Received ${value}`;
  if (typeof value === 'function') return `Received function ${value.name}`;
  if (typeof value === 'object') {
    const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
    return name ? `Received an instance of ${name}` : `Received ${inspect(value, { depth: -1 })}`;
  }
  return `Received type ${typeof value} (${inspect(value).slice(0, 30)})`;
}

/** The value of `argument` has the wrong type. */
export function invalidType(argument: string, expected: string, value: unknown): TypeError {
  return withCode(new TypeError(`${argument} must be ${expected}. ${received(value)}`), 'ERR_INVALID_ARG_TYPE');
}

/** The value of `argument` has the right type but cannot be used. */
export function invalidValue(argument: string, reason: string, value: unknown): TypeError {
  return withCode(new TypeError(`${argument} ${reason}. Received ${onOneLine(value)}`), 'ERR_INVALID_ARG_VALUE');
}

/** A number or a length that is not in the range allowed. */
export function outOfRange(argument: string, expected: string, value: unknown): RangeError {
  return withCode(new RangeError(`${argument} must be ${expected}. Received ${onOneLine(value)}`), 'ERR_OUT_OF_RANGE');
}

/** What a call that an AbortSignal ended rejects with. */
export function abortError(reason: unknown): Error {
  const error = withCode(new Error('The operation was aborted', { cause: reason }), 'ABORT_ERR');
  return Object.defineProperty(error, 'name', { value: 'AbortError', configurable: true, writable: true });
}
