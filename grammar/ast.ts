/** The syntax tree of BrainScript; every node knows its place (brainscript.md section 3). */

import type { SourceRange } from "./source.js";

export type InfixOperator =
  | "*"
  | "/"
  | ".*"
  | "**"
  | "%"
  | "+"
  | "-"
  | "with"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "&&"
  | "||"
  | ">>"
  | "<<";

export type PrefixOperator = "+" | "-" | "!";

/** `name = value` in a record. Function and array members are desugared to a lambda or array constructor. */
export interface Member {
  readonly name: string;
  readonly nameRange: SourceRange;
  readonly value: Expression;
}

export interface Parameter {
  readonly name: string;
  readonly range: SourceRange;
}

/** A parameter with a default value; it can only be passed by name. */
export interface OptionalParameter extends Parameter {
  readonly defaultValue: Expression;
}

export interface NamedArgument {
  readonly name: string;
  readonly nameRange: SourceRange;
  readonly value: Expression;
}

/** Common to every expression: its whole extent in the source. */
interface Node<Kind extends string> {
  readonly kind: Kind;
  readonly range: SourceRange;
}

export interface NumberLiteral extends Node<"number"> {
  readonly value: number;
}
export interface StringLiteral extends Node<"string"> {
  readonly value: string;
}
export interface BoolLiteral extends Node<"bool"> {
  readonly value: boolean;
}
export interface Identifier extends Node<"identifier"> {
  readonly name: string;
}
export interface RecordLiteral extends Node<"record"> {
  readonly members: readonly Member[];
}
/** `a : b : c` or `[| a; b |]`. */
export interface ListLiteral extends Node<"list"> {
  readonly elements: readonly Expression[];
}
/** `array[first..last](initializer)`. */
export interface ArrayConstructor extends Node<"array"> {
  readonly first: Expression;
  readonly last: Expression;
  readonly initializer: Expression;
}
export interface MemberAccess extends Node<"member"> {
  readonly record: Expression;
  readonly name: string;
  readonly nameRange: SourceRange;
}
export interface IndexAccess extends Node<"index"> {
  readonly vector: Expression;
  readonly index: Expression;
}
export interface Call extends Node<"call"> {
  readonly callee: Expression;
  readonly positional: readonly Expression[];
  readonly named: readonly NamedArgument[];
}
export interface PrefixExpression extends Node<"prefix"> {
  readonly operator: PrefixOperator;
  readonly operand: Expression;
}
export interface InfixExpression extends Node<"infix"> {
  readonly operator: InfixOperator;
  readonly operatorRange: SourceRange;
  readonly left: Expression;
  readonly right: Expression;
}
export interface Conditional extends Node<"if"> {
  readonly condition: Expression;
  readonly thenBranch: Expression;
  readonly elseBranch: Expression;
}
export interface NewExpression extends Node<"new"> {
  readonly className: string;
  readonly classRange: SourceRange;
  readonly operand: Expression;
}
export interface Lambda extends Node<"lambda"> {
  readonly positional: readonly Parameter[];
  readonly optional: readonly OptionalParameter[];
  readonly body: Expression;
}

export type Expression =
  | NumberLiteral
  | StringLiteral
  | BoolLiteral
  | Identifier
  | RecordLiteral
  | ListLiteral
  | ArrayConstructor
  | MemberAccess
  | IndexAccess
  | Call
  | PrefixExpression
  | InfixExpression
  | Conditional
  | NewExpression
  | Lambda;
