import { describe, expect, it } from 'vitest';
import { History } from './history.ts';
import type { Json, Operation } from './operation.ts';

/** Each takes one nanosecond. */
function windows(...acts: readonly (readonly [f: string, value?: Json, type?: Operation['type']])[]) {
  const operations = acts.flatMap(([f, value = null, type = 'info'], i): Operation[] => [
    { index: 2 * i, time: 10 * i, process: 'nemesis', type: 'invoke', f, value: null },
    { index: 2 * i + 1, time: 10 * i + 1, process: 'nemesis', type, f, value },
  ]);
  return new History(operations)
    .faultWindows()
    .map(({ fault, startTime, endTime, description }) => [fault, startTime, endTime, description]);
}

describe('faults as Jepsen records them', () => {
  it('are pairs of names', () => {
    expect(
      windows(
        ['start-partition', ['isolated', { n1: ['n2'] }]],
        ['pause', { n2: 'paused' }],
        ['stop-partition', 'network-healed'],
        ['kill', 'n3'],
        ['resume'],
        ['start', { n3: 'started' }],
        ['bump-clock', { n1: 100 }],
        ['reset-clock'],
        ['start-packet'],
      ),
    ).toEqual([
      ['partition', 0, 21, 'start-partition ["isolated",{"n1":["n2"]}] (as Jepsen recorded it)'],
      ['pause', 10, 41, expect.stringMatching(/\(as Jepsen recorded it\)$/) as string],
      ['kill', 30, 51, 'kill n3 (as Jepsen recorded it)'],
      ['clock', 60, 71, expect.any(String) as string],
      ['packet', 80, undefined, 'start-packet (as Jepsen recorded it)'],
    ]);
  });

  it('start and stop are a fault where nothing is killed', () => {
    expect(windows(['start', 'Cut off'], ['start'], ['stop'], ['stop'])).toEqual([
      ['fault', 0, 21, 'start Cut off (as Jepsen recorded it)'],
    ]);
    expect(windows(['stop'], ['kill'], ['start'])).toEqual([['kill', 10, 21, expect.any(String) as string]]);
  });

  it('what is no pair, failed, or is ours is none', () => {
    expect(windows(['compact'], ['resume'], ['pause', null, 'fail'])).toEqual([]);
    const effect = {
      faultId: 4,
      fault: 'kill',
      edge: 'begin',
      nodes: ['n1'],
      description: 'killed n1',
      parameters: null,
    };
    expect(windows(['kill', effect, 'ok'], ['start-partition'])).toEqual([
      ['kill', 0, undefined, 'killed n1'],
    ]);
  });
});
