/**
 * What a search holds when its budget is used up. A program, so that nothing that ran before is measured with it:
 *
 *     node --expose-gc memory-probe.ts CASE MIB
 *
 * prints `{"heldBytes", "peakBytes", "configurations"}`: by the engine's account, and by the search's own.
 */
import { MemoryBudget, MemoryExhausted } from '../memory.ts';
import { modelNamed } from '../models/index.ts';
import { partitionHistory } from '../problem.ts';
import { Search } from '../search.ts';
import { cases } from './memory-cases.ts';

/** Held at this moment, garbage left out. */
function heldBytes(): number {
  void globalThis.gc!();
  void globalThis.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const [index, mib] = process.argv.slice(2).map(Number);
const { model: name, history } = cases[index!]!;
const model = modelNamed(name)!;
const [partition] = partitionHistory(history, model);
const before = heldBytes();
let most = before;
const budget = new MemoryBudget(mib! * (1 << 20));
const search = new Search(
  model,
  partition!.operations,
  budget.open(() => {}),
);
try {
  while (search.run(1 << 20) === 'undecided') most = Math.max(most, heldBytes());
  throw new Error('the search ended within its budget');
} catch (error) {
  if (!(error instanceof MemoryExhausted)) throw error;
  most = Math.max(most, heldBytes());
}
// Asking the search keeps what it holds from being garbage until here.
const { configurations } = search;
console.log(JSON.stringify({ heldBytes: most - before, peakBytes: budget.peakBytes, configurations }));
