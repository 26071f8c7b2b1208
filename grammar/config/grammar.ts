/** The grammar of the outer configuration layer in Chevrotain: entries and array elements (config.md 4.2, 4.4). */

import type { IToken, ParserMethod } from "chevrotain";
import { EmbeddedActionsParser } from "../chevrotain.js";
import * as tokens from "./tokens.js";

type Rule<Result> = ParserMethod<[], Result>;

/** `key = value`, `key [...]`, `key`, or brackets without key. Blanks between tokens belong to no token. */
export interface EntryTokens {
  readonly key: readonly IToken[];
  readonly equals: IToken | undefined;
  readonly value: readonly IToken[];
}

/**
 * Pairs of brackets are single tokens here: what is in them is split when it is asked for. Chevrotain runs every rule
 * once with placeholders to learn the grammar, so what looks into results stands in `ACTION`.
 */
export class ConfigGrammar extends EmbeddedActionsParser {
  constructor(options: { readonly skipValidations: boolean }) {
    super(tokens.grammarTokens, { ...options, recoveryEnabled: false, maxLookahead: 1 });
    this.performSelfAnalysis();
  }

  readonly entries: Rule<readonly EntryTokens[]> = this.RULE("entries", () => {
    const entries: EntryTokens[] = [];
    this.MANY(() => {
      this.OR<unknown>([
        { ALT: () => this.CONSUME(tokens.Separator) },
        { ALT: () => entries.push(this.SUBRULE(this.keyedEntry)) },
        { ALT: () => entries.push(this.SUBRULE(this.keylessEntry)) },
      ]);
    });
    return entries;
  });

  private readonly keyedEntry: Rule<EntryTokens> = this.RULE("keyedEntry", () => {
    const key: IToken[] = [];
    this.AT_LEAST_ONE(() => key.push(this.CONSUME(tokens.KeyPart)));
    const rest = this.OPTION(() =>
      this.OR([
        { ALT: () => this.SUBRULE(this.assignment) },
        { ALT: () => ({ equals: undefined, value: [this.CONSUME(tokens.Bracketed)] }) },
      ]),
    );
    return { key, equals: rest?.equals, value: rest?.value ?? [] };
  });

  private readonly keylessEntry: Rule<EntryTokens> = this.RULE("keylessEntry", () =>
    this.OR([
      { ALT: () => ({ key: [], ...this.SUBRULE(this.assignment) }) },
      { ALT: () => ({ key: [], equals: undefined, value: [this.CONSUME(tokens.Bracketed)] }) },
    ]),
  );

  private readonly assignment: Rule<Omit<EntryTokens, "key">> = this.RULE("assignment", () => {
    const equals = this.CONSUME(tokens.Equals);
    const value = this.OPTION(() =>
      this.OR([
        { ALT: () => [this.CONSUME(tokens.Bracketed)] },
        { ALT: () => this.SUBRULE(this.plain) },
      ]),
    );
    return { equals, value: value ?? [] };
  });

  /** Text up to a separator or through the first pair of brackets. */
  private readonly plain: Rule<IToken[]> = this.RULE("plain", () => {
    const parts: IToken[] = [];
    this.AT_LEAST_ONE(() => parts.push(this.CONSUME(tokens.ValuePart)));
    this.OPTION(() => parts.push(this.CONSUME(tokens.Bracketed)));
    return parts;
  });

  readonly elements: Rule<readonly IToken[][]> = this.RULE("elements", () => {
    const elements: IToken[][] = [];
    this.MANY(() => {
      this.OR<unknown>([
        { ALT: () => this.CONSUME(tokens.Separator) },
        { ALT: () => elements.push(this.SUBRULE(this.element)) },
      ]);
    });
    return elements;
  });

  /** An element with its repetition, `v*n`; in plain text that is part of the text. */
  private readonly element: Rule<IToken[]> = this.RULE("element", () => {
    const first = this.OR([
      { ALT: () => [this.CONSUME(tokens.Bracketed)] },
      { ALT: () => this.SUBRULE(this.plain) },
    ]);
    const repetition: IToken[] = [];
    this.OPTION(() => {
      repetition.push(this.CONSUME(tokens.Star));
      this.MANY(() => repetition.push(this.CONSUME(tokens.ValuePart)));
    });
    return this.ACTION(() => [...first, ...repetition]);
  });
}
