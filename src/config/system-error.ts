/** What the operating system says when a file cannot be read or written. */

import { reasonOf } from "../../grammar/errors.js";

/** Its reason without the call and its path, such as `ENOENT: no such file or directory`. */
export function systemReason(error: unknown): string {
  const [reason = ""] = reasonOf(error).split(", ");
  return reason;
}
