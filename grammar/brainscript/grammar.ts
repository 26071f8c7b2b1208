/** The grammar of BrainScript in Chevrotain: every rule returns its part of the syntax tree (brainscript.md 3). */

import type { IOrAlt, IToken, ParserMethod, TokenType } from "chevrotain";
import type { Member } from "../ast.js";
import { EmbeddedActionsParser } from "../chevrotain.js";
import { parserMessages } from "./messages.js";
import { groupByPrecedence, type Operand, type OperatorAndOperand } from "./precedence.js";
import { placeOf } from "./tokenizer.js";
import * as tokens from "./tokens.js";
import * as tree from "./tree.js";

type Rule<Result> = ParserMethod<[], Result>;

type BracketKind = readonly [open: TokenType, close: TokenType];
const parentheses: BracketKind = [tokens.ParenthesisOpen, tokens.ParenthesisClose];
const braces: BracketKind = [tokens.BraceOpen, tokens.BraceClose];
const brackets: BracketKind = [tokens.BracketOpen, tokens.BracketClose];

/** Rules open at one time: 550 parentheses, 275 calls or 220 records in each other, well within the stack of JavaScript. */
const deepest = 1100;

/**
 * Chevrotain runs every rule once with placeholders to learn the grammar, so what looks into tokens or results stands
 * in `ACTION`. The rules are few and wide because each one costs stack, and so depth of nesting: precedence is left to
 * `groupByPrecedence`.
 */
export class BrainScriptGrammar extends EmbeddedActionsParser {
  constructor(options: { readonly skipValidations: boolean }) {
    super(tokens.allTokens, {
      ...options,
      recoveryEnabled: false,
      maxLookahead: 1,
      errorMessageProvider: parserMessages,
    });
    this.performSelfAnalysis();
  }

  /** of the rules that are open, by the stack they take */
  private depth = 0;

  override reset(): void {
    super.reset();
    this.depth = 0;
  }

  /** Nesting is limited by count, so that the same text is too deep everywhere. @throws RangeError beyond the limit */
  private enter(rules: number): void {
    this.ACTION(() => {
      this.depth += rules;
      if (this.depth > deepest) throw new RangeError("nested too deeply");
    });
  }

  private leave(rules: number): void {
    this.ACTION(() => (this.depth -= rules));
  }

  /** The token at which the parser stands. */
  get next(): IToken {
    return this.LA(1);
  }

  /**
   * Literals, names and all that begins with a bracket or keyword. `operand` uses them without a rule between, which
   * would cost a third of the possible depth of nesting; as a field they are not made anew for every operand.
   */
  private readonly primaries: IOrAlt<Operand>[] = [
    { ALT: () => this.literal(tokens.NumberToken, tree.numberLiteral) },
    { ALT: () => this.literal(tokens.StringToken, tree.stringLiteral) },
    { ALT: () => this.literal(tokens.True, tree.boolLiteral) },
    { ALT: () => this.literal(tokens.False, tree.boolLiteral) },
    { ALT: () => this.literal(tokens.Identifier, tree.identifier) },
    { ALT: () => this.SUBRULE(this.newExpression) },
    { ALT: () => this.SUBRULE(this.conditional) },
    { ALT: () => this.SUBRULE(this.list) },
    { ALT: () => this.SUBRULE(this.arrayConstructor) },
    {
      ALT: () => {
        const opener = this.CONSUME(tokens.ParenthesisOpen);
        const content = this.SUBRULE(this.expression);
        const closer = this.CONSUME(tokens.ParenthesisClose);
        return this.ACTION(() => tree.parenthesized({ opener, content, closer }));
      },
    },
    { ALT: () => this.SUBRULE(this.record) },
  ];

  /** `.name`, `[index]` and calls, each as what makes it of its operand. */
  private readonly postfixes: IOrAlt<(operand: Operand) => Operand>[] = [
    {
      ALT: () => {
        this.CONSUME(tokens.Dot);
        const name = this.CONSUME2(tokens.Identifier);
        return (operand) => tree.memberAccess(operand, name);
      },
    },
    {
      ALT: () => {
        this.CONSUME(tokens.BracketOpen);
        const index = this.SUBRULE2(this.expression);
        const closer = this.CONSUME(tokens.BracketClose);
        return (operand) => tree.indexAccess(operand, index, closer);
      },
    },
    {
      ALT: () => {
        const list = this.SUBRULE(this.callArguments);
        return (operand) => tree.call(operand, list);
      },
    },
  ];

  readonly members: Rule<readonly Member[]> = this.RULE("members", () => {
    const members: Member[] = [];
    this.MANY(() => members.push(this.SUBRULE(this.member)));
    this.ACTION(() => tree.refuseDuplicateMembers(members));
    return members;
  });

  private readonly member: Rule<Member> = this.RULE("member", () => {
    const name = this.CONSUME(tokens.Identifier);
    const index = this.OPTION(() => this.SUBRULE(this.index));
    const parameters = this.OPTION2(() => this.SUBRULE(this.parameters));
    this.CONSUME(tokens.Assign);
    const value = this.SUBRULE(this.expression);
    this.OPTION3(() => this.CONSUME(tokens.Semicolon));
    return this.ACTION(() => tree.member({ name, index, parameters, value }));
  });

  private readonly index: Rule<tree.Index> = this.RULE("index", () => {
    const opener = this.CONSUME(tokens.BracketOpen);
    const name = this.CONSUME(tokens.Identifier);
    this.CONSUME(tokens.Colon);
    const first = this.SUBRULE(this.expression);
    this.CONSUME(tokens.DotDot);
    const last = this.SUBRULE2(this.expression);
    this.CONSUME(tokens.BracketClose);
    return { opener, name, first, last };
  });

  private readonly parameters: Rule<tree.Enclosed<tree.Parameters>> = this.RULE("parameters", () =>
    this.parenthesesOrBraces(this.parameterList),
  );

  private readonly parameterList: Rule<tree.Parameters> = this.RULE("parameterList", () => {
    const parameters: tree.Parameters = { positional: [], optional: [] };
    this.MANY_SEP({
      SEP: tokens.Comma,
      DEF: () => {
        const name = this.CONSUME(tokens.Identifier);
        const value = this.OPTION(() => {
          this.CONSUME(tokens.Assign);
          return this.SUBRULE(this.expression);
        });
        this.ACTION(() => tree.addParameter(parameters, name, value));
      },
    });
    return parameters;
  });

  private readonly callArguments: Rule<tree.Enclosed<tree.Arguments>> = this.RULE(
    "callArguments",
    () => {
      this.enter(2);
      const list = this.parenthesesOrBraces(this.argumentList);
      this.leave(2);
      return list;
    },
  );

  private readonly argumentList: Rule<tree.Arguments> = this.RULE("argumentList", () => {
    const list: tree.Arguments = { positional: [], named: [] };
    this.MANY_SEP({
      SEP: tokens.Comma,
      DEF: () => {
        const name = this.OPTION({
          GATE: () => this.LA(2).tokenType === tokens.Assign,
          DEF: () => {
            const identifier = this.CONSUME(tokens.Identifier);
            this.CONSUME(tokens.Assign);
            return identifier;
          },
        });
        const value = this.SUBRULE(this.expression);
        this.ACTION(() => tree.addArgument(list, name, value));
      },
    });
    return list;
  });

  readonly expression: Rule<Operand> = this.RULE("expression", () => {
    const first = this.SUBRULE(this.operand);
    const rest: OperatorAndOperand[] = [];
    this.MANY(() => {
      const token = this.CONSUME(tokens.Infix);
      const operand = this.SUBRULE2(this.operand);
      const operator = { text: token.image, range: placeOf(token) };
      rest.push({ operator, operand });
    });
    const grouped = this.ACTION(() => groupByPrecedence(first, rest));
    const body = this.OPTION(() => {
      this.CONSUME(tokens.Arrow);
      this.ACTION(() => tree.expectParameterName(grouped));
      this.enter(1);
      const result = this.SUBRULE(this.expression);
      this.leave(1);
      return result;
    });
    return body === undefined ? grouped : this.ACTION(() => tree.lambda(grouped, body));
  });

  /** An operand with the operators that bind closest: `-a.b[i](x)`. */
  private readonly operand: Rule<Operand> = this.RULE("operand", () => {
    this.enter(2);
    const prefixes: IToken[] = [];
    this.MANY(() => prefixes.push(this.CONSUME(tokens.Prefix)));
    let operand = this.OR(this.primaries);
    this.MANY2(() => {
      const apply = this.OR2(this.postfixes);
      operand = this.ACTION(() => apply(operand));
    });
    this.leave(2);
    return this.ACTION(() => tree.withPrefixes(prefixes, operand));
  });

  private parenthesesOrBraces<Content>(content: Rule<Content>): tree.Enclosed<Content> {
    return this.OR([
      { ALT: () => this.enclosed(1, content, parentheses) },
      { ALT: () => this.enclosed(2, content, braces) },
    ]);
  }

  /** @param occurrence tells apart the uses of one bracket kind, and of one content, within a rule */
  private enclosed<Content>(
    occurrence: number,
    content: Rule<Content>,
    [open, close]: BracketKind,
  ): tree.Enclosed<Content> {
    const opener = this.consume(occurrence, open);
    return {
      opener,
      content: this.subrule(occurrence, content),
      closer: this.consume(occurrence, close),
    };
  }

  private readonly primary: Rule<Operand> = this.RULE("primary", () => this.OR(this.primaries));

  private readonly record: Rule<Operand> = this.RULE("record", () => {
    this.enter(3);
    const enclosed = this.OR([
      { ALT: () => this.enclosed(1, this.members, braces) },
      { ALT: () => this.enclosed(2, this.members, brackets) },
    ]);
    this.leave(3);
    return this.ACTION(() => tree.record(enclosed));
  });

  private literal(type: TokenType, build: (token: IToken) => Operand): Operand {
    const token = this.CONSUME(type);
    return this.ACTION(() => build(token));
  }

  /** The operand of `new` is bare: operators behind it apply to the new object. */
  private readonly newExpression: Rule<Operand> = this.RULE("newExpression", () => {
    const keyword = this.CONSUME(tokens.New);
    const className = this.CONSUME(tokens.Identifier);
    const operand = this.OR([
      { ALT: () => this.SUBRULE(this.primary) },
      { ALT: () => this.SUBRULE(this.prefixedOperand) },
    ]);
    return this.ACTION(() => tree.newExpression(keyword, className, operand));
  });

  private readonly prefixedOperand: Rule<Operand> = this.RULE("prefixedOperand", () => {
    const prefix = this.CONSUME(tokens.Prefix);
    const operand = this.SUBRULE(this.operand);
    return this.ACTION(() => tree.withPrefixes([prefix], operand));
  });

  private readonly conditional: Rule<Operand> = this.RULE("conditional", () => {
    this.enter(1);
    const keyword = this.CONSUME(tokens.If);
    const condition = this.SUBRULE(this.expression);
    this.CONSUME(tokens.Then);
    const thenBranch = this.SUBRULE2(this.expression);
    this.CONSUME(tokens.Else);
    const elseBranch = this.SUBRULE3(this.expression);
    this.leave(1);
    return this.ACTION(() => tree.conditional(keyword, { condition, thenBranch, elseBranch }));
  });

  private readonly list: Rule<Operand> = this.RULE("list", () => {
    const opener = this.CONSUME(tokens.ListOpen);
    const content: Operand[] = [];
    this.MANY_SEP({
      SEP: tokens.Semicolon,
      DEF: () => content.push(this.SUBRULE(this.expression)),
    });
    const closer = this.CONSUME(tokens.ListClose);
    return this.ACTION(() => tree.list({ opener, content, closer }));
  });

  private readonly arrayConstructor: Rule<Operand> = this.RULE("arrayConstructor", () => {
    const keyword = this.CONSUME(tokens.ArrayKeyword);
    this.CONSUME(tokens.BracketOpen);
    const first = this.SUBRULE2(this.expression);
    this.CONSUME(tokens.DotDot);
    const last = this.SUBRULE3(this.expression);
    this.CONSUME(tokens.BracketClose);
    const initializer = this.enclosed(1, this.expression, parentheses);
    return this.ACTION(() => tree.arrayConstructor(keyword, { first, last, initializer }));
  });
}
