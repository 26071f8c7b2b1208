/** Expression -> Value: lazy evaluation of BrainScript (brainscript.md 4). */

import type {
  ArrayConstructor,
  Call,
  Conditional,
  Expression,
  IndexAccess,
  InfixExpression,
  Lambda,
  ListLiteral,
  Member,
  MemberAccess,
  NewExpression,
  PrefixExpression,
  RecordLiteral,
} from "../../grammar/ast.js";
import { CntkError, located, nearestName } from "../../grammar/errors.js";
import type { SourceRange } from "../../grammar/source.js";
import { traced, unknownArgument, writtenName, wrongCount } from "./calls.js";
import type { NativeClasses } from "./classes.js";
import { asInteger, evaluationError, wrongKind } from "./expect.js";
import { applyInfix, applyPrefix, type NodeOperators } from "./operators.js";
import { joinPath, operandPath } from "./path.js";
import { Scope } from "./scope.js";
import { Thunk } from "./thunk.js";
import type { Evaluation } from "./trampoline.js";
import {
  boolValue,
  describeValue,
  numberValue,
  stringValue,
  type ArrayValue,
  type FunctionValue,
  type Value,
} from "./value.js";

/** What the language does not know by itself: the classes of `new` and the operators on nodes. */
export interface Environment {
  readonly classes: NativeClasses;
  readonly nodeOperators: NodeOperators;
}

/** What elements need stays below 200 MB. */
const mostArrayElements = 500_000;

/** Evaluates expressions under paths, within one environment. */
export class Interpreter {
  readonly #environment: Environment;
  /** made so far with array[first..last] */
  #arrayElements = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** A record's scope: members see each other and everything around. */
  recordScope(members: readonly Member[], parent: Scope | undefined, path: string): Scope {
    const own = new Map<string, Thunk>();
    const scope = new Scope(own, parent);
    for (const member of members) {
      const { name, nameRange } = member;
      // the value is not touched before it is needed: the library parses it only then
      const begin = () => this.#traced(member.value, scope, joinPath(path, name));
      own.set(name, new Thunk(name, nameRange, begin));
    }
    return scope;
  }

  /** Value of an expression in a scope under a path. */
  evaluate(expression: Expression, scope: Scope, path: string): Evaluation | Value {
    switch (expression.kind) {
      case "number":
        return numberValue(expression.value);
      case "string":
        return stringValue(expression.value);
      case "bool":
        return boolValue(expression.value);
      case "identifier":
        return lookUp(expression.name, expression.range, scope);
      case "record":
        return this.#record(expression, scope, path);
      case "list":
        return this.#list(expression, scope, path);
      case "array":
        return this.#array(expression, scope, path);
      case "member":
        return this.#member(expression, scope, path);
      case "index":
        return this.#index(expression, scope, path);
      case "call":
        return this.#call(expression, scope, path);
      case "prefix":
        return this.#prefix(expression, scope, path);
      case "infix":
        return this.#infix(expression, scope, path);
      case "if":
        return this.#conditional(expression, scope, path);
      case "new":
        return this.#new(expression, scope, path);
      case "lambda":
        return this.#lambda(expression, scope, path);
    }
  }

  #delayed(name: string, range: SourceRange, expression: Expression, scope: Scope, path: string) {
    return new Thunk(name, range, () => this.#traced(expression, scope, path));
  }

  /** A lazy value is computed far from where it stands: its errors get the chain of calls that leads to its own place. */
  *#traced(expression: Expression, scope: Scope, path: string): Evaluation {
    try {
      return yield this.evaluate(expression, scope, path);
    } catch (error) {
      throw error instanceof CntkError && !error.isTraced ? traced(error, scope) : error;
    }
  }

  #record(expression: RecordLiteral, scope: Scope, path: string): Value {
    const range = expression.range;
    return { kind: "record", scope: this.recordScope(expression.members, scope, path), range };
  }

  #list(expression: ListLiteral, scope: Scope, path: string): ArrayValue {
    const elements = expression.elements.map((element, index) =>
      this.#delayed(`[${index}]`, element.range, element, scope, `${path}[${index}]`),
    );
    return { kind: "array", first: 0, elements };
  }

  *#array(expression: ArrayConstructor, scope: Scope, path: string): Evaluation {
    const { range } = expression;
    const bound = (name: string, value: Value, at: Expression) =>
      atPlace(at.range, () => asInteger(value, `${name} index of the array`));
    const firstValue = yield this.evaluate(expression.first, scope, joinPath(path, "array_first"));
    const first = bound("first", firstValue, expression.first);
    const lastValue = yield this.evaluate(expression.last, scope, joinPath(path, "array_last"));
    const last = bound("last", lastValue, expression.last);
    const initializerPath = joinPath(path, "_initializer");
    const initializer = yield this.evaluate(expression.initializer, scope, initializerPath);
    if (initializer.kind !== "function" || initializer.positional.length !== 1) {
      throw wrongKind("the initializer of the array", "a function of its index", initializer).at(
        expression.initializer.range,
      );
    }
    const count = Math.max(0, last - first + 1);
    this.#countElements(count, range);
    const parameter = initializer.positional[0] ?? "";
    const elements: Thunk[] = [];
    // counted from 0: large numbers have no successor
    for (let position = 0; position < count; position++) {
      const index = first + position;
      const begin = () => {
        const argument = new Map([[parameter, Thunk.of(numberValue(index))]]);
        const elementPath = path === "" ? "" : `${path}[${index}]`;
        return initializer.apply(argument, elementPath, { range, scope });
      };
      elements.push(new Thunk(`[${index}]`, range, begin));
    }
    return { kind: "array", first, elements };
  }

  /** @throws CntkError before arrays fill the memory */
  #countElements(count: number, range: SourceRange): void {
    this.#arrayElements += count;
    if (this.#arrayElements <= mostArrayElements) return;
    const message = `all arrays together may have up to ${mostArrayElements} elements, found ${this.#arrayElements}`;
    throw evaluationError(message, range);
  }

  *#member({ record, name, nameRange }: MemberAccess, scope: Scope, path: string): Evaluation {
    const value = yield this.evaluate(record, scope, path);
    if (value.kind === "record") {
      const found = value.scope.find(name);
      if (found !== undefined) return yield found.force();
      const own = value.scope.ownMembers().map(([member]) => member);
      throw unknownMember(name, nameRange, value, own);
    }
    if (value.kind !== "object") {
      throw evaluationError(
        `'.${name}' needs a record or a node in front of it, found ${describeValue(value)}`,
        nameRange,
      );
    }
    const member = atPlace(nameRange, () => value.member(name));
    if (member === undefined) throw unknownMember(name, nameRange, value, value.memberNames());
    return member;
  }

  *#index({ vector, index }: IndexAccess, scope: Scope, path: string): Evaluation {
    const array = yield this.evaluate(vector, scope, joinPath(path, "_vector"));
    if (array.kind !== "array") {
      throw wrongKind(`'${writtenName(vector)}' before [ ]`, "an array", array).at(vector.range);
    }
    const at = yield this.evaluate(index, scope, joinPath(path, "_index"));
    const position = atPlace(index.range, () => asInteger(at, "array index"));
    const element = array.elements[position - array.first];
    if (element === undefined) {
      const last = array.first + array.elements.length - 1;
      const range = last < array.first ? "the array is empty" : `${array.first}..${last}`;
      throw evaluationError(`array index ${position} is out of range: ${range}`, index.range);
    }
    return yield element.force();
  }

  *#call(expression: Call, scope: Scope, path: string): Evaluation {
    const callee = yield this.evaluate(expression.callee, scope, path);
    const name = writtenName(expression.callee);
    if (callee.kind !== "function") {
      const { range } = expression.callee;
      throw wrongKind(name, "a function", callee, hintForCall(callee, range)).at(range);
    }
    const argument = this.#arguments(expression, callee, scope, path);
    return yield callee.apply(argument, path, { range: expression.range, scope, callee: name });
  }

  /** Arguments are evaluated in the caller's scope; their paths end in the callee's parameter names. */
  #arguments(expression: Call, callee: FunctionValue, scope: Scope, path: string) {
    const { positional, named } = expression;
    if (positional.length !== callee.positional.length) throw wrongCount(expression, callee);
    const bound = new Map<string, Thunk>();
    for (const { name, defaultValue } of callee.optional) bound.set(name, defaultValue);
    callee.positional.forEach((name, index) => {
      const value = positional[index];
      if (value === undefined) return;
      bound.set(name, this.#delayed(name, value.range, value, scope, joinPath(path, name)));
    });
    for (const { name, nameRange, value } of named) {
      if (!callee.optional.some((optional) => optional.name === name)) {
        throw unknownArgument(name, nameRange, writtenName(expression.callee), callee);
      }
      bound.set(name, this.#delayed(name, value.range, value, scope, joinPath(path, name)));
    }
    return bound;
  }

  *#prefix(expression: PrefixExpression, scope: Scope, path: string): Evaluation {
    const names = { "-": "_negate", "+": "", "!": "_not" } as const;
    const { operator, operand, range } = expression;
    const value = yield this.evaluate(operand, scope, joinPath(path, names[operator]));
    return atPlace(range, () =>
      applyPrefix(operator, value, { path, range, scope }, this.#environment.nodeOperators),
    );
  }

  *#infix(expression: InfixExpression, scope: Scope, path: string): Evaluation {
    const { operator, left, right, range, operatorRange } = expression;
    const leftValue = yield this.evaluate(left, scope, operandPath(path, operator, 0));
    const rightValue = yield this.evaluate(right, scope, operandPath(path, operator, 1));
    const operation = { operator, path, range, scope };
    return atPlace(operatorRange, () =>
      applyInfix(operation, leftValue, rightValue, this.#environment.nodeOperators),
    );
  }

  *#conditional(expression: Conditional, scope: Scope, path: string): Evaluation {
    const { condition, thenBranch, elseBranch, range } = expression;
    const test = yield this.evaluate(condition, scope, joinPath(path, "if"));
    if (test.kind === "bool") {
      return yield this.evaluate(test.value ? thenBranch : elseBranch, scope, path);
    }
    if (test.kind !== "object" || !test.isNode) {
      throw wrongKind("the condition of 'if'", "true, false or a node", test).at(condition.range);
    }
    const whenTrue = yield this.evaluate(thenBranch, scope, joinPath(path, "then"));
    const whenFalse = yield this.evaluate(elseBranch, scope, joinPath(path, "else"));
    return atPlace(range, () =>
      this.#environment.nodeOperators.conditional(test, whenTrue, whenFalse, {
        path,
        range,
        scope,
      }),
    );
  }

  *#new(expression: NewExpression, scope: Scope, path: string): Evaluation {
    const { className, classRange, operand, range } = expression;
    const native = this.#environment.classes.get(className);
    if (native === undefined) {
      const nearest = nearestName(className, this.#environment.classes.keys());
      const hint = nearest === undefined ? undefined : `did you mean '${nearest}'?`;
      throw evaluationError(`unknown class '${className}'`, classRange, hint);
    }
    const operandPathOfClass = native.hasEmptyPath === true ? "" : path;
    const record = yield this.evaluate(operand, scope, operandPathOfClass);
    if (record.kind !== "record") {
      const message = `new ${className} needs a record, found ${describeValue(record)}`;
      throw evaluationError(message, operand.range);
    }
    try {
      return yield native.construct({ record, path, range });
    } catch (error) {
      const isPlaced = error instanceof CntkError && error.ranges.length > 0;
      throw isPlaced || range.file.isLibrary === true ? error : located(error, range);
    }
  }

  #lambda(expression: Lambda, scope: Scope, path: string): FunctionValue {
    return {
      kind: "function",
      positional: expression.positional.map(({ name }) => name),
      optional: expression.optional.map(({ name, range, defaultValue }) => ({
        name,
        defaultValue: this.#delayed(name, range, defaultValue, scope, joinPath(path, name)),
      })),
      apply: (argument, callPath, calledFrom) =>
        this.#traced(expression.body, new Scope(argument, scope, calledFrom), callPath),
    };
  }
}

function lookUp(name: string, range: SourceRange, scope: Scope): Evaluation | Value {
  const member = scope.find(name);
  if (member === undefined) throw unknownName(name, range, scope.visibleNames());
  return member.force();
}

function unknownName(name: string, range: SourceRange, known: Iterable<string>) {
  return evaluationError(`unknown identifier '${name}'`, range, suggestion(name, known));
}

function hintForCall(found: Value, { file }: SourceRange): string | undefined {
  if (found.kind === "string") return "functions are given without quotes";
  return file.isLibrary === true
    ? undefined
    : "'(' or '{' behind a value is a call, even on the next line; a ';' before it ends the member";
}

function unknownMember(name: string, range: SourceRange, of: Value, known: Iterable<string>) {
  const names = [...known];
  const shown = names.length <= 12 ? `it has ${names.join(", ")}` : undefined;
  const message = `${describeValue(of)} has no member '${name}'`;
  const hint = suggestion(name, names) ?? (names.length === 0 ? undefined : shown);
  return evaluationError(message, range, hint);
}

function suggestion(name: string, known: Iterable<string>): string | undefined {
  const nearest = nearestName(name, known);
  return nearest === undefined ? undefined : `did you mean '${nearest}'?`;
}

/** Runs a step whose errors belong to a place. */
function atPlace<T>(range: SourceRange, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw located(error, range);
  }
}
