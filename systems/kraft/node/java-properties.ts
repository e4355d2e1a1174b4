/**
 * The syntax of Java's properties files: what `java.util.Properties` reads, with the line of each entry.
 *
 *     parseJavaProperties('# a comment\nlog.dirs = /var/a,\\\n  /var/b\n'); // [{ key: 'log.dirs', value: '/var/a,/var/b', line: 2 }]
 *     formatJavaProperties([['a b', ' c']]); // 'a\\ b=\\ c\n'
 *
 *     A line that begins with # or ! is a comment. A backslash at the end continues a line; the next one's leading blanks are dropped.
 *     The key ends at the first =, : or blank that is not escaped. \t \n \r \f \uXXXX are what they are in Java; before any other
 *     character a backslash is dropped. Nothing is trimmed at the end of a value.
 */
import { HarnessError } from '../../../harness/errors.ts';

export interface PropertyEntry {
  readonly key: string;
  readonly value: string;
  /** Counted from 1: where the entry begins. */
  readonly line: number;
}

const BLANK = /[ \t\f]/;
const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

/** Lines with their continuations; comments and empty lines are left out. */
function logicalLines(text: string): readonly LogicalLine[] {
  const result: LogicalLine[] = [];
  let begun: LogicalLine | null = null;
  text.split(/\r\n|\r|\n/).forEach((raw, i) => {
    const stripped = raw.replace(/^[ \t\f]+/, '');
    if (begun === null && (stripped === '' || /^[#!]/.test(stripped))) return;
    const backslashes = /\\*$/.exec(stripped)?.[0].length ?? 0;
    const isContinued = backslashes % 2 === 1;
    const piece = isContinued ? stripped.slice(0, -1) : stripped;
    const joined: LogicalLine =
      begun === null ? { text: piece, line: i + 1 } : { ...begun, text: begun.text + piece };
    begun = isContinued ? joined : null;
    if (!isContinued) result.push(joined);
  });
  return begun === null ? result : [...result, begun];
}

/**
 * @param placeOf - a line, for the message
 * @throws HarnessError `bad-format` for a \u without four hexadecimal digits
 */
export function parseJavaProperties(
  text: string,
  placeOf: (line: number) => string = (line) => `line ${line}`,
): readonly PropertyEntry[] {
  return logicalLines(text).map(({ text: whole, line }) => {
    const keyEnd = endOfKey(whole);
    const separator = /^[ \t\f]*(?:[=:][ \t\f]*)?/.exec(whole.slice(keyEnd))?.[0] ?? '';
    const where = placeOf(line);
    return {
      key: unescape(whole.slice(0, keyEnd), where),
      value: unescape(whole.slice(keyEnd + separator.length), where),
      line,
    };
  });
}

function endOfKey(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '\\') i++;
    else if (character === '=' || character === ':' || BLANK.test(character)) return i;
  }
  return text.length;
}

function unescape(text: string, where: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|[^]|$)/g, (_, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    if (escaped === 'u') {
      throw new HarnessError('bad-format', `${where}: \\u needs four hexadecimal digits after it`);
    }
    return ESCAPES[escaped] ?? escaped;
  });
}

/** One entry a line, readable again by {@link parseJavaProperties} and by Java. */
export function formatJavaProperties(entries: readonly (readonly [key: string, value: string])[]): string {
  return entries.map(([key, value]) => `${escape(key, true)}=${escape(value, false)}\n`).join('');
}

const NAMES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f' };

function escape(text: string, isKey: boolean): string {
  return Array.from({ length: text.length }, (_, i) => {
    const character = text.charAt(i);
    const name = NAMES[character];
    if (name !== undefined) return name;
    if (character === ' ') return isKey || i === 0 ? '\\ ' : ' ';
    if (/[=:#!\\]/.test(character)) return `\\${character}`;
    if (/[\x20-\x7e]/.test(character)) return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`;
  }).join('');
}
