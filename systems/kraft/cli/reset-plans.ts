/**
 * Where groups shall begin, as a file says it and as `--export` writes it: the lines of Kafka's tool.
 *
 *     orders,0,15               topic, partition, offset, where one group is named
 *     billing,orders,0,15       the group before them, otherwise
 */
import type { KeyOffset } from '../client/operations.ts';
import { keyOf } from '../client/operations.ts';
import { usageError } from './exit-codes.ts';

/** Of the groups that the file has something for. @throws HarnessError `usage` with the line */
export function readResetPlan(
  text: string,
  file: string,
  groups: readonly string[],
): ReadonlyMap<string, readonly KeyOffset[]> {
  const [only] = groups;
  const isOfOne = only !== undefined && groups.length === 1;
  const plan = new Map<string, KeyOffset[]>();
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '') return;
    const fields = fieldsOf(line);
    const [group, topic, partition, offset] = isOfOne && fields.length === 3 ? [only, ...fields] : fields;
    const isWhole = fields.length <= 4 && [partition, offset].every((each) => /^\d{1,15}$/.test(each ?? ''));
    if (group === undefined || topic === undefined || !isWhole) {
      const expected = `${isOfOne ? '' : 'group,'}topic,partition,offset`;
      throw usageError(`${file} line ${i + 1}: ${expected} is expected, not "${line}"`);
    }
    const offsets = plan.get(group) ?? [];
    plan.set(group, offsets);
    offsets.push({ key: keyOf(topic, Number(partition)), offset: Number(offset) });
  });
  return plan;
}

/** In quotes a field may have commas; two quotes are one. */
function fieldsOf(line: string): string[] {
  const fields = line.match(/(?<=^|,)(?:"(?:[^"]|"")*"|[^",]*)(?=,|$)/g) ?? [];
  return fields.map((field) =>
    field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field.trim(),
  );
}

/** @param isOfOne - one group was named, and is left out */
export function resetPlanLine(group: string, { key, offset }: KeyOffset, isOfOne: boolean): string {
  const fields = [...(isOfOne ? [] : [group]), key.topic, String(key.partition), String(offset)];
  return fields.map((field) => (/[",\s]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}
