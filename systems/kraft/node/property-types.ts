/**
 * The types that values of `server.properties` have. Each reads a text, or says what it must be.
 *
 *     int({ min: 1, default: 3 }).read('0'); // { wrong: 'must be at least 1' }
 *     listeners().read('PLAINTEXT://:9092'); // { value: [{ name: 'PLAINTEXT', host: '', port: 9092 }] }
 */

export type Read<T> = { readonly value: T } | { readonly wrong: string };

export interface PropertyType<T> {
  readonly read: (text: string) => Read<T>;
  /** What holds when the key is not set. */
  readonly default: T;
  readonly isRequired?: true;
}

export interface Listener {
  readonly name: string;
  /** Empty: all addresses. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface Voter {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

export const INT_MAX = 2 ** 31 - 1;
const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);
const PORT_MAX = 65_535;

function readInteger(text: string, min: bigint, max: bigint): Read<number> {
  if (!/^[+-]?\d{1,19}$/.test(text)) return { wrong: 'must be a whole number' };
  const value = BigInt(text.replace(/^\+/, ''));
  if (value < min) return { wrong: `must be at least ${min}` };
  if (value > max) return { wrong: `must be at most ${max}` };
  // Kafka's largest longs mean "never". So does what is left of them.
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return { value: Number(value > most ? most : value < -most ? -most : value) };
}

type WithDefault<T> = Range & { readonly default: T };

export const int = <const D extends number | null>(
  options: WithDefault<D>,
): PropertyType<number | (D extends null ? null : never)> => {
  const { min = -(2 ** 31), max = INT_MAX } = options;
  return {
    read: (text) => readInteger(text, BigInt(min), BigInt(max)),
    default: options.default as number | (D extends null ? null : never),
  };
};

export const long = <const D extends number | null>(
  options: WithDefault<D>,
): PropertyType<number | (D extends null ? null : never)> => {
  const min = options.min === undefined ? LONG_MIN : BigInt(options.min);
  const max = options.max === undefined ? LONG_MAX : BigInt(options.max);
  return {
    read: (text) => readInteger(text, min, max),
    default: options.default as number | (D extends null ? null : never),
  };
};

export const requiredInt = (range: Range): PropertyType<number> => ({
  ...int({ ...range, default: -1 }),
  isRequired: true,
});

/** From 0 to 1. */
export const fraction = (byDefault: number): PropertyType<number> => ({
  read: (value) => {
    const number = /^\d*\.?\d+$/.test(value) ? Number(value) : NaN;
    return number >= 0 && number <= 1 ? { value: number } : { wrong: 'must be a number from 0 to 1' };
  },
  default: byDefault,
});

export const boolean = (byDefault: boolean): PropertyType<boolean> => ({
  read: (text) =>
    /^(true|false)$/i.test(text)
      ? { value: text.toLowerCase() === 'true' }
      : { wrong: 'must be true or false' },
  default: byDefault,
});

export const text = <const D extends string | null>(
  byDefault: D,
): PropertyType<string | (D extends null ? null : never)> => ({
  read: (value) => (value === '' ? { wrong: 'must not be empty' } : { value }),
  default: byDefault as string | (D extends null ? null : never),
});

export const choice = <const C extends string>(choices: readonly C[], byDefault: C): PropertyType<C> => ({
  read: (value) => {
    const found = choices.find((each) => each === value);
    return found === undefined ? { wrong: `must be one of ${choices.join(', ')}` } : { value: found };
  },
  default: byDefault,
});

const itemsOf = (value: string): readonly string[] =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function readItems<T>(value: string, readItem: (item: string) => Read<T>): Read<readonly T[]> {
  const items: T[] = [];
  for (const item of itemsOf(value)) {
    const result = readItem(item);
    if ('wrong' in result) return result;
    items.push(result.value);
  }
  return { value: items };
}

export const list = (
  options: { readonly of?: readonly string[]; readonly default?: readonly string[] } = {},
): PropertyType<readonly string[]> => ({
  read: (value) =>
    readItems(value, (item) =>
      options.of === undefined || options.of.includes(item)
        ? { value: item }
        : { wrong: `takes of ${options.of.join(', ')}, and “${item}” is none` },
    ),
  default: options.default ?? [],
});

export const requiredList = (of: readonly string[]): PropertyType<readonly string[]> => ({
  ...list({ of }),
  isRequired: true,
});

const readPort = (port: string | undefined): number | null => {
  const number = Number(port);
  return port !== undefined && port !== '' && number <= PORT_MAX ? number : null;
};

const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

export const listeners = <const D extends readonly Listener[] | null>(
  byDefault: D,
): PropertyType<readonly Listener[] | (D extends null ? null : never)> => ({
  read: (value) =>
    readItems(value, (item) => {
      const match = /^([A-Za-z0-9_-]+):\/\/(\[[0-9a-fA-F:.]*\]|[^\s:/]*):(\d{1,5})$/.exec(item);
      const port = readPort(match?.[3]);
      if (match === null || port === null)
        return { wrong: `takes NAME://HOST:PORT, and “${item}” is not so` };
      return {
        value: { name: (match[1] as string).toUpperCase(), host: withoutBrackets(match[2] as string), port },
      };
    }),
  default: byDefault as readonly Listener[] | (D extends null ? null : never),
});

export const voters = (): PropertyType<readonly Voter[]> => ({
  read: (value) =>
    readItems(value, (item) => {
      const match = /^(\d{1,10})@(\[[0-9a-fA-F:.]+\]|[^\s:/@]+):(\d{1,5})$/.exec(item);
      const port = readPort(match?.[3]);
      const id = Number(match?.[1]);
      if (match === null || port === null || id > INT_MAX)
        return { wrong: `takes ID@HOST:PORT, and “${item}” is not so` };
      return { value: { id, host: withoutBrackets(match[2] as string), port } };
    }),
  default: [],
});

export const servers = (): PropertyType<readonly HostPort[]> => ({
  read: (value) =>
    readItems(value, (item) => {
      const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/@]+):(\d{1,5})$/.exec(item);
      const port = readPort(match?.[2]);
      if (match === null || port === null) return { wrong: `takes HOST:PORT, and “${item}” is not so` };
      return { value: { host: withoutBrackets(match[1] as string), port } };
    }),
  default: [],
});

/** `NAME:VALUE,…` */
export const mapping = (
  byDefault: Readonly<Record<string, string>>,
): PropertyType<ReadonlyMap<string, string>> => ({
  read: (value) => {
    const read = readItems(value, (item) => {
      const match = /^([A-Za-z0-9_-]+):([A-Za-z0-9_-]+)$/.exec(item);
      if (match === null) return { wrong: `takes NAME:PROTOCOL, and “${item}” is not so` };
      return { value: [(match[1] as string).toUpperCase(), (match[2] as string).toUpperCase()] as const };
    });
    return 'wrong' in read ? read : { value: new Map(read.value) };
  },
  default: new Map(Object.entries(byDefault)),
});
