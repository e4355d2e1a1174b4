/** Text for a terminal: escaped, so that no value of the system can drive it, and broken into lines. */
import { tellInLines } from './browser/lines.ts';

/** Breaks at spaces, and inside a word only when it is longer than a line. */
export function wrap(text: string, width: number, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of printable(text).split(' ')) {
    let word = part;
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
    } else if (lines.length > 0 || line !== '') {
      line += line === indent ? '' : ' ';
    }
    while (line.length + word.length > width) {
      const room = width - line.length;
      lines.push(line + word.slice(0, room));
      word = word.slice(room);
      line = indent;
    }
    line += word;
  }
  return [...lines, line];
}

/** Control and direction-changing characters as `\u001b`. */
export function printable(text: string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** An explanation in lines, escaped. */
export function explanationLines(explanation: string): readonly string[] {
  const [first = '', ...rest] = tellInLines(printable(explanation));
  return [first, ...rest.map((line) => `  ${line}`)];
}
