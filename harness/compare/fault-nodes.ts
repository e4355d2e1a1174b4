/**
 * On whom a fault was meant to fall: the nodes that its invocation names.
 *
 *     {fault: 'partition', target: ['n2']}                 // n2, though links of all nodes are cut
 *     {parameters: {fault: 'slow', nodes: ['n3'], …}}      // n3
 */
import { isArray, isMap } from '../../checkers/findings/findings.ts';
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

function namedIn(request: Json = null): readonly string[] | undefined {
  if (!isMap(request)) return undefined;
  const { target, parameters = null } = request;
  const nodes = target ?? (isMap(parameters) ? parameters['nodes'] : undefined);
  return nodes !== undefined && isArray(nodes) ? nodes.map(String) : undefined;
}
