/**
 * What a page was asked for: filters, order and place, from the address's query and back into one. What makes no sense is left out, so
 * that an old link still shows something.
 *
 *     const asked = askedOf(new URLSearchParams('system=raft&sort=-latency&page=2'));
 *     askedAddress('/', { ...asked, page: 3 })       // '/?system=raft&sort=-latency&page=3'
 */
import { NEWEST_FIRST, type Order, type RunFilter, type Sort, SORTS } from '../index/queries.ts';
import { addressWith } from './addresses.ts';

export interface Asked {
  readonly filter: RunFilter;
  readonly order: Order;
  /** From 1. */
  readonly page: number;
}

const FILTERS = [
  ...(['system', 'workload', 'cluster', 'nemesis', 'bug'] as const),
  ...(['verdict', 'signature', 'from', 'to', 'revision', 'text'] as const),
];
const TEXT_MAX = 500;
const PAGES_MAX = 1_000_000;

export function askedOf(query: URLSearchParams): Asked {
  const filter = Object.fromEntries(
    FILTERS.flatMap((name) => {
      const value = query.get(name)?.trim().slice(0, TEXT_MAX) ?? '';
      return value === '' ? [] : [[name, value]];
    }),
  );
  const page = Number(query.get('page') ?? 1);
  const isPage = Number.isSafeInteger(page) && page >= 1 && page <= PAGES_MAX;
  return { filter, order: orderIn(query.get('sort') ?? ''), page: isPage ? page : 1 };
}

/** `latency`, or `-latency` from the largest on. */
function orderIn(text: string): Order {
  const name = text.replace(/^-/, '');
  if (!Object.hasOwn(SORTS, name)) return NEWEST_FIRST;
  return { by: name as Sort, isDescending: text.startsWith('-') };
}

export const sortText = ({ by, isDescending }: Order): string => `${isDescending ? '-' : ''}${by}`;

export function askedAddress(
  address: string,
  { filter, order = NEWEST_FIRST, page = 1 }: Partial<Asked> & Pick<Asked, 'filter'>,
): string {
  const isUsual = order.by === NEWEST_FIRST.by && order.isDescending === NEWEST_FIRST.isDescending;
  return addressWith(address, {
    ...filter,
    sort: isUsual ? undefined : sortText(order),
    page: page === 1 ? undefined : String(page),
  });
}
