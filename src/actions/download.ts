/** Downloads a file, going on where an earlier attempt was interrupted. */

import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { types } from "node:util";
import { CntkError } from "../../grammar/errors.js";

export interface DownloadProgress {
  /** bytes so far, those of an earlier attempt included */
  readonly received: number;
  /** undefined if the server does not tell */
  readonly total: number | undefined;
}

export interface Download {
  readonly url: string;
  /** where the bytes are collected; what is there already is not asked for again */
  readonly part: string;
  readonly progress?: ((progress: DownloadProgress) => void) | undefined;
}

/** Without a byte for so long an attempt is given up. */
const PATIENCE_SECONDS = 30;

/**
 * @returns true if the file consists of pieces from several attempts
 * @throws CntkError "reading" if the server cannot be reached or does not have the file; what came until then is kept
 */
export async function download(request: Download): Promise<boolean> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new Error(`no data for ${PATIENCE_SECONDS} seconds`));
  }, PATIENCE_SECONDS * 1000);
  try {
    return await receive(request, controller.signal, () => timer.refresh());
  } catch (error) {
    if (error instanceof CntkError) throw error;
    throw new CntkError("reading", `${request.url}: ${reasonOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

async function receive(
  { url, part, progress }: Download,
  signal: AbortSignal,
  alive: () => void,
): Promise<boolean> {
  const have = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  // A compressed transfer could not be resumed.
  const headers = { "accept-encoding": "identity", ...(have > 0 && { range: `bytes=${have}-` }) };
  const response = await fetch(url, { headers, signal });
  const { status, body } = response;
  // 416: there is nothing after what we have, so it is complete, or wrong, which the checksum will tell.
  if (have > 0 && status === 416) {
    await body?.cancel();
    return true;
  }
  if (!response.ok || body === null)
    throw new CntkError("reading", `${url}: ${status} ${response.statusText}`);
  const range = response.headers.get("content-range") ?? "";
  const isResumed = status === 206 && range.startsWith(`bytes ${have}-`);
  let received = isResumed ? have : 0;
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  const total = Number.isNaN(length) ? undefined : received + length;
  const blocks: AsyncIterable<Uint8Array> = body;
  const file = await open(part, isResumed ? "a" : "w");
  try {
    for await (const bytes of blocks) {
      alive();
      await file.writeFile(bytes);
      received += bytes.length;
      progress?.({ received, total });
    }
  } finally {
    await file.close();
  }
  return isResumed;
}

/** What fetch hides in the cause of its "fetch failed". */
function reasonOf(error: unknown): string {
  if (!types.isNativeError(error)) return String(error);
  const { cause, message } = error;
  return types.isNativeError(cause) && cause.message !== ""
    ? `${message}: ${cause.message}`
    : message;
}
