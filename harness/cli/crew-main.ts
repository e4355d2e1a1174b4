/** What a thread of a crew runs: it answers what checkers ask (checkers/linearizability/crew.ts). */
import { parentPort, workerData } from 'node:worker_threads';
import { CrewHand, type CrewMessage } from '../../checkers/linearizability/crew.ts';

/** Shared with the main thread: not 0 when the time is up. */
const stop = workerData as Int32Array;
const hand = new CrewHand(() => Atomics.load(stop, 0) !== 0);

parentPort?.on('message', ({ call, message }: { call: number; message: CrewMessage }) => {
  parentPort?.postMessage({ call, answer: hand.answer(message) });
});
