/**
 * On whom a fault was meant to fall: the nodes that its invocation names.
 *
 *     {fault: 'partition', target: ['n2']}                 // n2, though links of all nodes are cut
 *     {parameters: {fault: 'slow', nodes: ['n3'], …}}      // n3
 */
import type { FaultWindow } from '../history/fault-windows.ts';
import type { History } from '../history/history.ts';
import type { Json } from '../history/operation.ts';

export interface InjectedFault extends FaultWindow {
  readonly targets: readonly string[];
}

/** Those that lasted, in the order of their beginnings. */
export function injectedFaults(history: History): readonly InjectedFault[] {
  return history
    .faultWindows()
    .filter(({ instant }) => !instant)
    .map((window) => ({
      ...window,
      targets: namedIn(history.invocationOf(window.beginIndex)?.value) ?? window.nodes,
    }));
}

function namedIn(request: Json | undefined): readonly string[] | undefined {
  const { target, parameters } = fieldsOf(request);
  const nodes = target ?? fieldsOf(parameters)['nodes'];
  return Array.isArray(nodes) ? nodes.map(String) : undefined;
}

const fieldsOf = (value: Json | undefined): { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json })
    : {};
