/** What the operating system says when a file cannot be read or written. */

/** Its reason without the call and its path, such as `ENOENT: no such file or directory`. */
export function systemReason(error: unknown): string {
  // Not instanceof: an error may come from another realm, as in tests.
  const hasMessage = typeof error === "object" && error !== null && "message" in error;
  const message = String(hasMessage ? error.message : error);
  return message.split(", ")[0] ?? message;
}
