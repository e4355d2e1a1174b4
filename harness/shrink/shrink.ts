/**
 * Makes a failing run small while the same anomaly remains.
 *
 *     const smallest = await shrink({ candidate, finding, firstOf, attemptsMax: 3000, onProgress });
 *
 * What can be left out is tried in the order in which most falls away at once: the end of the run, then faults, then operations
 * by witness, key, client and chunk (delta debugging: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing
 * input", 2002), then nodes, clients and time. All of it is gone through again until nothing gets smaller; in the end values and
 * times become round. The same start gives the same end: only the order of candidates decides, and not which run ends first.
 *
 * It runs nothing itself: `firstOf` does.
 */
import { NS_PER_MS } from '../units.ts';
import {
  type Candidate,
  closeGap,
  cutEnd,
  cutMain,
  faultsOf,
  isOfClient,
  keepEntries,
  mapTimes,
  type PlannedFault,
  roundTimes,
  threadOf,
  threadsOf,
  timesOf,
  withPlan,
} from './candidate.ts';
import {
  foldClients,
  mergeClients,
  simplerFaults,
  simplerKeys,
  simplerValues,
  withoutNodes,
} from './members.ts';
import { Search, type ShrinkOptions, type ShrinkResult } from './search.ts';

/** Rounds of all passes; the last one finds nothing, and is cheap. */
const ROUNDS_MAX = 6;
/** Shares of the run after which it is cut, where no witness says when it was complete. */
const SHARES = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 7 / 8] as const;
/** Of more faults, pairs are too many. */
const PAIRED_FAULTS_MAX = 12;
/** Gaps of the plan that are closed one by one: the widest. */
const GAPS_MAX = 24;
/** A gap below this is no gap. */
const GAP_MIN_NS = NS_PER_MS;
const ROUND_STEPS_MS = [100, 10, 1, 0.1] as const;

export async function shrink(options: ShrinkOptions): Promise<ShrinkResult> {
  const search = new Search(options);
  for (let round = 0; round < ROUNDS_MAX && !search.isOver; round++) {
    const before = search.smallest;
    await cutTheEnd(search);
    await removeFaults(search);
    await removeOperations(search);
    await removeMembers(search);
    await removeTime(search);
    if (search.smallest === before) break;
  }
  await makeRound(search);
  return { smallest: search.smallest, attempts: search.attempts, end: search.end };
}

async function cutTheEnd(search: Search): Promise<void> {
  const { smallest, finding } = search;
  const { healTime, finalTime, interruptTime } = smallest.plan;
  const { endTime } = finding;
  const exact = endTime === null || endTime >= healTime ? [] : [cutEnd(smallest, endTime)];
  const cuts = SHARES.map((share) => Math.round(share * healTime));
  const hasFinal = finalTime !== null || interruptTime !== null;
  const found = await search.take([
    ...exact,
    ...(hasFinal ? [cutEnd(smallest, healTime)] : []),
    ...(exact.length > 0 ? [] : cuts.map((time) => cutEnd(smallest, time))),
    ...(finalTime === null ? [] : cuts.map((time) => cutMain(smallest, time))),
  ]);
  // What one cut leaves can often be cut again; each time the run gets shorter.
  if (found !== null && !search.isOver) await cutTheEnd(search);
}

async function removeFaults(search: Search): Promise<void> {
  const without = (candidate: Candidate, faults: readonly PlannedFault[]): Candidate => {
    const gone = new Set(faults.flatMap(({ entries }) => entries));
    return keepEntries(candidate, (entry) => !gone.has(entry));
  };
  await search.take([keepEntries(search.smallest, isOfClient)]);
  await search.reduce(({ plan }) => faultsOf(plan), without);
  // Two may need each other, such as two that take turns.
  for (;;) {
    const faults = faultsOf(search.smallest.plan);
    if (faults.length > PAIRED_FAULTS_MAX) break;
    const pairs = pairsOf(faults).map((pair) => without(search.smallest, pair));
    if ((await search.take(pairs)) === null) break;
  }
  // A fault that nobody ends is ended with all the others.
  await search.reduce(
    ({ plan }) => faultsOf(plan).flatMap(({ entries }) => entries.slice(1)),
    (candidate, ends) => keepEntries(candidate, (entry) => !ends.includes(entry)),
  );
}

async function removeOperations(search: Search): Promise<void> {
  await keepWitness(search);
  const { test } = search.smallest;
  await search.reduce(
    ({ plan }) => [...new Set([...plan.main, ...plan.final].filter(isOfClient).map(({ key }) => key))],
    (candidate, keys) => keepEntries(candidate, (entry) => !isOfClient(entry) || !keys.includes(entry.key)),
  );
  await search.reduce(threadsOf, (candidate, threads) =>
    keepEntries(candidate, (entry) => {
      const thread = threadOf(entry, test.concurrency);
      return thread === null || !threads.includes(thread);
    }),
  );
  await search.reduce(
    ({ plan }) => [...plan.main, ...plan.final].filter(isOfClient),
    (candidate, operations) => {
      const gone = new Set(operations);
      return keepEntries(candidate, (entry) => !gone.has(entry));
    },
  );
}

/** The witness alone; or with all that was done to its keys, or by its clients. */
async function keepWitness(search: Search): Promise<void> {
  const { smallest, finding } = search;
  const { plan, test } = smallest;
  const places = { main: new Set(finding.places.main), final: new Set(finding.places.final) };
  const witness = [
    ...finding.places.main.flatMap((place) => plan.main[place] ?? []),
    ...finding.places.final.flatMap((place) => plan.final[place] ?? []),
  ];
  if (witness.length === 0) return;
  const keys = new Set(witness.map(({ key }) => key));
  const threads = new Set(witness.map((entry) => threadOf(entry, test.concurrency)));
  const begin = Math.min(...witness.map(({ time }) => time));
  await search.take([
    keepEntries(smallest, (entry, phase, place) => !isOfClient(entry) || places[phase].has(place)),
    keepEntries(
      smallest,
      (entry) =>
        !isOfClient(entry) || (keys.has(entry.key) && threads.has(threadOf(entry, test.concurrency))),
    ),
    keepEntries(smallest, (entry) => !isOfClient(entry) || (keys.has(entry.key) && entry.time >= begin)),
    keepEntries(smallest, (entry) => !isOfClient(entry) || keys.has(entry.key)),
  ]);
}

async function removeMembers(search: Search): Promise<void> {
  // Two at a time first: with an even number of nodes other majorities decide.
  const ones = (nodes: readonly string[]): readonly (readonly string[])[] => nodes.map((node) => [node]);
  for (const subsetsOf of [pairsOf, ones]) {
    for (;;) {
      const { nodes } = search.smallest.test;
      const found = await search.take(
        subsetsOf(nodes)
          .filter((gone) => gone.length < nodes.length)
          .map((gone) => withoutNodes(search.smallest, gone)),
      );
      if (found === null) break;
    }
  }
  while ((await search.take(simplerFaults(search.smallest))) !== null);
  for (;;) {
    const threads = threadsOf(search.smallest);
    const merged = threads.flatMap((from) =>
      threads.filter((to) => to < from).map((to) => mergeClients(search.smallest, from, to)),
    );
    if ((await search.take(merged)) === null) break;
  }
  const threads = threadsOf(search.smallest);
  if (threads.length < search.smallest.test.concurrency) {
    await search.take([
      foldClients(search.smallest, threads),
      foldClients(
        search.smallest,
        Array.from({ length: (threads.at(-1) ?? 0) + 1 }, (_, thread) => thread),
      ),
    ]);
  }
}

const pairsOf = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  items.flatMap((a, i) => items.slice(i + 1).map((b) => [a, b]));

async function removeTime(search: Search): Promise<void> {
  for (;;) {
    const scales = [0.1, 0.25, 0.5, 0.75];
    const scaled = scales.map((scale) => mapTimes(search.smallest, (time) => Math.round(time * scale)));
    if ((await search.take(scaled)) === null) break;
  }
  let place = 0;
  for (let tries = 0; tries < GAPS_MAX && !search.isOver; tries++) {
    const gaps = gapsOf(search.smallest);
    const gap = gaps[place];
    if (gap === undefined) break;
    const { from, to } = gap;
    const found = await search.take(
      [GAP_MIN_NS, (to - from) / 8, (to - from) / 4, (to - from) / 2, ((to - from) * 3) / 4].map((gapNs) =>
        closeGap(search.smallest, from, to, Math.round(gapNs)),
      ),
    );
    // Closed as far as it goes; the next widest may be another now.
    if (found === null) place++;
  }
  const { plan } = search.smallest;
  if (plan.finalTime !== null) {
    const { healTime } = plan;
    const quiet = [0, GAP_MIN_NS].map((restNs) =>
      closeGap(search.smallest, healTime, plan.finalTime ?? healTime, restNs),
    );
    await search.take(quiet);
  }
}

function gapsOf(candidate: Candidate): readonly { readonly from: number; readonly to: number }[] {
  const times = timesOf(candidate);
  return times
    .slice(1)
    .map((to, i) => ({ from: times[i] ?? 0, to }))
    .filter(({ from, to }) => to - from > 2 * GAP_MIN_NS)
    .sort((a, b) => b.to - b.from - (a.to - a.from) || a.from - b.from);
}

/** Nothing gets less; but what is left is easier to read. */
async function makeRound(search: Search): Promise<void> {
  await search.take([simplerValues(search.smallest)]);
  await search.take([simplerKeys(search.smallest)]);
  await search.take(ROUND_STEPS_MS.map((stepMs) => roundTimes(search.smallest, stepMs)));
  const { healTime } = search.smallest.plan;
  if (search.smallest.plan.finalTime === null) {
    await search.take([withPlan(search.smallest, { healTime: Math.ceil(healTime / NS_PER_MS) * NS_PER_MS })]);
  }
}
