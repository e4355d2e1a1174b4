import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT, EventQueue, SimEvent } from './event-queue.ts';

class Marked extends SimEvent {
  readonly id: number;
  constructor(id: number) {
    super(EVENT.callback, 0, id);
    this.id = id;
  }
  override fire(): null {
    return null;
  }
}

const ids = (events: readonly SimEvent[]): number[] => events.map((event) => (event as Marked).id);

function drain(queue: EventQueue): number[] {
  const popped: SimEvent[] = [];
  for (let event = queue.pop(); event !== undefined; event = queue.pop()) popped.push(event);
  return ids(popped);
}

describe('EventQueue', () => {
  it('gives equal times in the order of scheduling', () => {
    const queue = new EventQueue();
    for (let id = 0; id < 100; id++) queue.push(new Marked(id), id % 2);
    const even = Array.from({ length: 50 }, (_, i) => 2 * i);
    expect(drain(queue)).toEqual([...even, ...even.map((id) => id + 1)]);
  });

  it('behaves as a sorted list, whatever is pushed, popped, cancelled and taken out', () => {
    const command = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ do: fc.constant('push' as const), time: fc.integer({ min: 0, max: 20 }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('pop' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('take' as const), modulus: fc.integer({ min: 1, max: 4 }) }),
      },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const queue = new EventQueue();
        const all: Marked[] = [];
        let model: { id: number; time: number }[] = [];
        const earliest = () => model.toSorted((a, b) => a.time - b.time || a.id - b.id);
        for (const step of commands) {
          if (step.do === 'push') {
            const event = new Marked(all.length);
            model.push({ id: event.id, time: step.time });
            all.push(event);
            queue.push(event, step.time);
          } else if (step.do === 'pop') {
            const expected = earliest()[0];
            const event = queue.pop() as Marked | undefined;
            expect(event?.id).toBe(expected?.id);
            if (expected !== undefined) expect(queue.poppedTime).toBe(expected.time);
            model = model.filter((entry) => entry !== expected);
          } else if (step.do === 'cancel' && all.length > 0) {
            const event = all[step.which % all.length]!;
            queue.cancel(event);
            model = model.filter((entry) => entry.id !== event.id);
          } else if (step.do === 'take') {
            const matches = (id: number) => id % step.modulus === 0;
            const taken = queue.takeWhere((event) => matches((event as Marked).id));
            expect(ids(taken)).toEqual(
              earliest()
                .map((entry) => entry.id)
                .filter(matches),
            );
            model = model.filter((entry) => !matches(entry.id));
          }
          expect(queue.length).toBe(model.length);
        }
        expect(drain(queue)).toEqual(earliest().map((entry) => entry.id));
      }),
    );
  });

  it('does not grow with events that are cancelled again and again', () => {
    const queue = new EventQueue();
    for (let id = 0; id < 100_000; id++) {
      const event = new Marked(id);
      queue.push(event, 1e9 + id);
      queue.cancel(event);
    }
    expect(queue.length).toBe(0);
    expect(queue.heapSize).toBeLessThan(5000);
  });

  it('refuses to hold one event twice', () => {
    const queue = new EventQueue();
    const event = new Marked(1);
    queue.push(event, 1);
    expect(() => queue.push(event, 2)).toThrow('scheduled twice');
  });
});
