/**
 * A model over again for each key, as one object. By locality its verdict is that of the keys one by one: it is for
 * histories that shall be judged without the use of that.
 *
 * A state holds the states of the keys that are not as at first, each under its key as JSON: `{ '"x"': 'ab', '7': 'c' }`.
 */
import type { Json } from '../../../harness/history/operation.ts';
import { describeJson } from '../model.ts';
import type { Call, Model } from '../model.ts';

interface Parts {
  readonly [key: string]: Json;
}

export function overKeys(part: Model, told: Pick<Model, 'name' | 'summary' | 'noun'>): Model {
  return {
    ...part,
    ...told,
    acrossKeys: true,
    part,
    init: {},
    step: (state, call) => {
      const parts = state as Parts;
      const name = nameOfPart(call);
      const before = parts[name] ?? part.init;
      const after = part.step(before, call);
      if (after === undefined) return undefined;
      return after === before ? state : withPart(parts, name, after, part);
    },
    describeState: (state) =>
      describeJson(
        Object.fromEntries(
          Object.entries(state as Parts).map(([name, value]) => [String(JSON.parse(name)), value]),
        ),
      ),
  };
}

export function nameOfPart({ key }: Call): string {
  return JSON.stringify(key ?? null);
}

function withPart(parts: Parts, name: string, value: Json, part: Model): Parts {
  if (value !== part.init) return { ...parts, [name]: value };
  const { [name]: _, ...others } = parts;
  return others;
}
