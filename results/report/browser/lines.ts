/**
 * An explanation that counts operations, with a line for each and for each sentence behind them; others as they are.
 *
 *     tellInLines('These 2 show it: (1) write of 1; (2) read of 2. Nothing fits.')
 *     // ['These 2 show it:', '(1) write of 1;', '(2) read of 2.', 'Nothing fits.']
 */
export function tellInLines(explanation: string): readonly string[] {
  const start = explanation.indexOf(': (1) ');
  if (start < 0) return [explanation];
  const told = explanation.slice(start + 2).split(/(?<=;) (?=\(\d+\) )|(?<=\.) (?=[A-Z(])/);
  return [explanation.slice(0, start + 1), ...told];
}
