/** Evaluation order and recurrent loops (nodes.md 3.1). Both walks keep their own stack: networks are deep. */

import type { ComputationNode } from "./node.js";

/**
 * All nodes the roots depend on, depth-first, inputs first, each node once. In a recurrent loop the node that was
 * reached first comes last.
 * @param inputsOf where to go on from a node; default: to all its inputs
 */
export function evaluationOrder(
  roots: readonly ComputationNode[],
  inputsOf: (node: ComputationNode) => readonly ComputationNode[] = ({ inputs }) => inputs,
): ComputationNode[] {
  const order: ComputationNode[] = [];
  const seen = new Set<ComputationNode>();
  const stack: Visit[] = [];
  const enter = (node: ComputationNode | undefined) => {
    if (node === undefined || seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const inputs = inputsOf(visit.node);
      if (visit.next < inputs.length) {
        enter(inputs[visit.next++]);
      } else {
        order.push(visit.node);
        stack.pop();
      }
    }
  }
  return order;
}

interface Visit {
  readonly node: ComputationNode;
  /** index of the input to look at next */
  next: number;
}

interface LoopVisit extends Visit {
  readonly number: number;
  /** least number reachable so far among nodes whose component is still open */
  low: number;
}

/**
 * The recurrent loops among the nodes the roots depend on: strongly connected components (Tarjan), without single nodes
 * that do not read themselves. Nodes of a loop are in evaluation order, loops in the order in which they can be computed.
 */
export function loops(roots: readonly ComputationNode[]): ComputationNode[][] {
  const order = evaluationOrder(roots);
  const position = new Map(order.map((node, index) => [node, index]));
  const positionOf = (node: ComputationNode) => position.get(node) ?? 0;
  return components(order)
    .filter(([node, another]) => another !== undefined || node?.inputs.includes(node) === true)
    .map((component) => component.sort((one, other) => positionOf(one) - positionOf(other)));
}

/** Strongly connected components, inputs first. */
function components(nodes: readonly ComputationNode[]): ComputationNode[][] {
  const found: ComputationNode[][] = [];
  const visits = new Map<ComputationNode, LoopVisit>();
  const closed = new Set<ComputationNode>();
  // nodes whose component is not complete yet, in the order in which they were entered
  const open: ComputationNode[] = [];
  const stack: LoopVisit[] = [];
  const enter = (node: ComputationNode) => {
    const visit = { node, next: 0, number: visits.size, low: visits.size };
    visits.set(node, visit);
    open.push(node);
    stack.push(visit);
  };
  const leave = (visit: LoopVisit) => {
    stack.pop();
    const parent = stack.at(-1);
    if (parent !== undefined) parent.low = Math.min(parent.low, visit.low);
    if (visit.low !== visit.number) return;
    const component = closeComponent(open, visit.node);
    for (const node of component) closed.add(node);
    found.push(component);
  };
  for (const root of nodes) {
    if (visits.has(root)) continue;
    enter(root);
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const input = visit.node.inputs[visit.next++];
      if (input === undefined) {
        leave(visit);
        continue;
      }
      const known = visits.get(input);
      if (known === undefined) enter(input);
      else if (!closed.has(input)) visit.low = Math.min(visit.low, known.number);
    }
  }
  return found;
}

/** Takes the nodes entered since `first`, and `first`, out of the open ones: they are a component. */
function closeComponent(open: ComputationNode[], first: ComputationNode): ComputationNode[] {
  return open.splice(open.lastIndexOf(first));
}
