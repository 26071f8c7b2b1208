/** The mistakes and warnings that a check collects, as text and as JSON for editors. */

import { CntkError } from "../../grammar/errors.js";
import { positionOf, type SourceFile, type SourceRange } from "../../grammar/source.js";

export type Severity = "error" | "warning";

/** A mistake or warning as `--json` prints it; lines and columns count from 1, the end is behind the last character. */
export interface JsonDiagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly severity: Severity;
  readonly message: string;
  readonly hint?: string;
}

interface Diagnostic {
  readonly severity: Severity;
  readonly error: CntkError;
}

export class Diagnostics {
  readonly #found = new Map<string, Diagnostic>();

  /** Adds one, unless the same is there: commands share sections, and one mistake is met in several ways. */
  add(severity: Severity, error: CntkError): void {
    const place = innermostRange(error);
    const id = `${place?.file.name ?? ""}:${place?.start ?? ""}:${error.message}`;
    if (!this.#found.has(id)) this.#found.set(id, { severity, error });
  }

  /** The result of a step; undefined if it throws a CntkError, which is added. */
  readonly attempt = <Result>(step: () => Result): Result | undefined => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof CntkError)) throw error;
      this.add("error", error);
      return undefined;
    }
  };

  count(severity: Severity): number {
    return this.#sorted().filter((one) => one.severity === severity).length;
  }

  /** As the program prints errors, warnings marked as such. */
  format(): string[] {
    return this.#sorted().map(({ severity, error }) =>
      severity === "error" ? error.format() : error.format("warning"),
    );
  }

  /** @param file to name where a mistake has no place */
  toJson(file: string): JsonDiagnostic[] {
    return this.#sorted().map(({ severity, error }) => ({
      ...placeInFile(innermostRange(error), file),
      severity,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    }));
  }

  /** File by file in the order in which they came up, from top to bottom; what has no place comes first. */
  #sorted(): Diagnostic[] {
    const all = [...this.#found.values()];
    const files = all.map(({ error }) => innermostRange(error)?.file);
    const key = ({ error }: Diagnostic): readonly [number, number] => {
      const range = innermostRange(error);
      return [range === undefined ? -1 : files.indexOf(range.file), range?.start ?? 0];
    };
    return all.sort((one, other) => {
      const [[file, start], [otherFile, otherStart]] = [key(one), key(other)];
      return file - otherFile || start - otherStart;
    });
  }
}

/** The user's place nearest to the mistake; one in the library if there is no other. */
function innermostRange({ ranges }: CntkError): SourceRange | undefined {
  return ranges.find(({ file }) => file.isLibrary !== true) ?? ranges[0];
}

type Place = Pick<JsonDiagnostic, "file" | "line" | "column" | "endLine" | "endColumn">;

function placeInFile(range: SourceRange | undefined, otherwise: string): Place {
  if (range === undefined) return { file: otherwise, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const { file } = range;
  const { line, column } = positionOf(file, range.start);
  const end = positionOf(file, endOfMark(file, range));
  return { file: file.name, line, column, endLine: end.line, endColumn: end.column };
}

/** A mark over several lines hides more than it shows: it ends with its first line, as the carets do. */
function endOfMark({ text }: SourceFile, { start, end }: SourceRange): number {
  const lineEnd = text.slice(start, end).search(/[\r\n]/);
  return lineEnd < 0 ? end : start + lineEnd;
}
