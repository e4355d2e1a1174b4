/**
 * Tables as Kafka's tools print them.
 *
 *     tabTable(['NodeId', 'Lag'], [['1', '0']])          // columns padded, a tab behind each
 *     wideTable([15, 10], ['GROUP', 'TOPIC'], rows)       // columns at least so wide, a blank between
 */

/** As `metadata-quorum describe --replication`. */
export function tabTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] as string).length)),
  );
  return [header, ...rows].map((row) =>
    row.map((cell, column) => `${cell.padEnd(widths[column] as number)}\t`).join(''),
  );
}

/**
 * As `consumer-groups --describe`: the last column is not padded.
 * @param widths - the least of each column; those of a negative one do not grow with what is in them
 */
export function wideTable(
  widths: readonly number[],
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const grown = header.map((_, column) => {
    const width = widths[column] ?? 0;
    if (width < 0) return -width;
    return Math.max(width, ...rows.map((row) => (row[column] as string).length));
  });
  const last = header.length - 1;
  return [header, ...rows].map((row) =>
    row.map((cell, column) => (column === last ? cell : cell.padEnd(grown[column] as number))).join(' '),
  );
}
