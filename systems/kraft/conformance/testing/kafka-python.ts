/** Debian's python3-kafka: a producer, a consumer in a group, an administrator. The flow is in `kafka-python.py`. */
import { fileURLToPath } from 'node:url';
import { canRun, runProgram } from './programs.ts';

/** Debian's own, which sees Debian's packages. */
const PYTHON = '/usr/bin/python3';
const FLOW = fileURLToPath(new URL('kafka-python.py', import.meta.url));

export const hasKafkaPython = (): boolean => canRun(PYTHON, '-c', 'import kafka');

/** @throws Error when the flow does not come to its end */
export async function speakPython(bootstrap: string): Promise<unknown> {
  const { code, printed, complaints } = await runProgram(PYTHON, [FLOW, bootstrap]);
  if (code !== 0) throw new Error(`kafka-python.py ended with ${code}:\n${complaints}`);
  return JSON.parse(printed);
}
