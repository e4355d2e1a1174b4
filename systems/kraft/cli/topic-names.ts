/**
 * Which topics a `--topic` means: one by its name, or all that a pattern describes, as Kafka's tools take it.
 *
 *     matchTopics(['orders', 'orders-eu', 'bills'], 'orders')     // ['orders']: a name is a name before it is a pattern
 *     matchTopics(['orders', 'orders-eu', 'bills'], 'ord.*')      // ['orders', 'orders-eu']
 *     matchTopics(['orders', 'orders-eu', 'bills'], 'orders,bills')
 */
import { usageError } from './exit-codes.ts';

/** In the order of the names that are there. @throws HarnessError `usage` for a pattern that is none */
export function matchTopics(names: readonly string[], pattern: string): string[] {
  if (names.includes(pattern)) return [pattern];
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${pattern.trim().replaceAll(',', '|')})$`);
  } catch {
    throw usageError(`--topic ${pattern} is neither a name nor a pattern`);
  }
  return names.filter((name) => expression.test(name));
}
