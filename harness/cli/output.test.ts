import { describe, expect, it } from 'vitest';
import { outputTo } from './output.ts';

function open(terminal: { isTTY?: boolean; columns?: number; rows?: number }) {
  const written = { out: '', err: '' };
  const output = outputTo(
    { write: (text) => (written.out += text) },
    Object.assign(terminal, { write: (text: string) => (written.err += text) }),
  );
  return { output, written };
}

describe('output', () => {
  it('rewrites the live line in place, and takes it away before other words', () => {
    const { output, written } = open({ isTTY: true, columns: 40 });
    output.live('one');
    output.live('two');
    expect(written.err).toBe('\r\u001b[Kone\r\u001b[Ktwo');
    output.note('a note');
    output.print('a result');
    expect(written.err).toBe('\r\u001b[Kone\r\u001b[Ktwo\r\u001b[Ka note\n');
    expect(written.out).toBe('a result\n');
  });

  it('keeps the live line within one row', () => {
    const { output, written } = open({ isTTY: true, columns: 30 });
    output.live('x'.repeat(100));
    expect(written.err).toBe(`\r\u001b[K${'x'.repeat(28)}…`);
    const blind = open({ isTTY: true, columns: 0 });
    blind.output.live('y'.repeat(100));
    expect(blind.written.err).toBe(`\r\u001b[K${'y'.repeat(18)}…`);
  });

  it('rewrites several live lines in place, as many as fit', () => {
    const terminal = { isTTY: true, columns: 30, rows: 4 };
    const { output, written } = open(terminal);
    output.liveLines(({ columns, rows }) => [`${columns} columns`, `${rows} rows`]);
    expect(written.err).toBe('\r\u001b[K30 columns\n4 rows');
    written.err = '';
    output.liveLines(() => ['1', 'x'.repeat(40), '3', '4', '5']);
    expect(written.err).toBe(`\r\u001b[1A\u001b[J1\n${'x'.repeat(28)}…\n3`);
    written.err = '';
    // The middle one of three is broken in two by now.
    terminal.columns = 20;
    output.note('a note');
    expect(written.err).toBe('\r\u001b[3A\u001b[Ja note\n');
  });

  it('shows no live line in a file', () => {
    const { output, written } = open({});
    expect(output.isTerminal).toBe(false);
    output.live('nobody sees it');
    output.liveLines(() => expect.unreachable());
    output.note('a note');
    expect(written).toEqual({ out: '', err: 'a note\n' });
  });
});
