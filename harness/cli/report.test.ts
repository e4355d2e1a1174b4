/** Pictures and text of a run, as the command writes them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandIn, runsIn, temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const shaketable = commandIn(folder);

describe('report', () => {
  it('draws a chart as SVG or PNG, prints the text, and lists the charts when asked for another', async () => {
    await shaketable(
      ...['run', 'raft', 'register', '--seed', '1', '--time-limit', '3', '--nemesis', 'partition'],
      ...['--bug', 'ack-before-commit', '--results', '.'],
    );
    const [run = ''] = runsIn(folder);
    const drawn = await shaketable('report', run, '--svg', 'latency', '--output', 'latency.svg');
    expect(drawn).toEqual({ exitCode: 0, stdout: 'latency.svg\n', stderr: '' });
    expect(readFileSync(join(folder, 'latency.svg'), 'utf8')).toMatch(
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /,
    );

    const painted = await shaketable('report', run, '--png', 'rate');
    expect(painted).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/rate\.png\n$/) as string });
    expect(readFileSync(painted.stdout.trim()).subarray(1, 4).toString()).toBe('PNG');

    const { exitCode, stdout } = await shaketable('report', run, '--text');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^INVALID /);
    const isCommand = (line: string): boolean => line.startsWith('  replay ');
    expect(stdout.split('\n').filter((line) => line.length > 80 && !isCommand(line))).toEqual([]);
    expect(stdout).not.toContain('\u001b');

    const unknown = await shaketable('report', run, '--svg', '../latency');
    expect(unknown.exitCode).toBe(64);
    expect(unknown.stderr).toMatch(
      /^shaketable: there is no chart "\.\.\/latency" of this run; it has timeline, clients, [^\n]* anomaly-1[^\n]*\n$/,
    );
    expect(existsSync(join(run, '..', 'latency.svg'))).toBe(false);
    expect((await shaketable('report', run, '--svg', 'rate', '--text')).exitCode).toBe(64);
  });
});
