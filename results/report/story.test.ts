import { describe, expect, it } from 'vitest';
import { storyLines } from './browser/story-lines.ts';
import { collectReportData } from './collect-data.ts';
import type { Story } from './report-data.ts';
import { storyText } from './story-text.ts';
import { sampleStory } from './testing/sample-story.ts';

const story = collectReportData(sampleStory()).story ?? expect.fail('no story');

describe('the story of a run', () => {
  it('is in the order of time, and ends where the promise broke', () => {
    expect(storyLines(story).map(({ kind, who, text }) => `${kind} · ${who}: ${text}`)).toEqual([
      'node · n1, n2: starts in term 0 with an empty log',
      'node · n1: leads term 1',
      'belief · believed: n1: leader of term 1, log to 0, committed to 0; n2: follower in term 0, log to 0, committed to 0',
      'client · client 0: asks n1: write x "x"',
      'node · n1: appends entry 1 of term 1',
      'node · n1: tells a client that entry 1 of term 1 took effect',
      'client · client 0: is told of its write x: ok "x"',
      'fault · the nemesis: isolated n2 from n1 x',
      'belief · believed: n1: leader of term 1, log to 1, committed to 0; n2: follower in term 0, log to 0, committed to 0',
      'client · client 1: asks n2: read x',
      'client · client 1: is told of its read x: ok null',
      'break · here the promise broke: nonlinearizable. the read missed x',
      'belief · believed: n1: leader of term 1, log to 1, committed to 0; n2: follower in term 0, log to 0, committed to 0',
    ]);
  });

  it('marks the witness, and knows its operations', () => {
    expect(story.steps.filter(({ isWitness }) => isWitness).map(({ operation }) => operation)).toEqual([
      0, 0, 1, 1,
    ]);
  });

  it('has a column for each client and node, and an arrow for each message that says something', () => {
    expect(story.lanes).toEqual([
      { name: 'client 0', isNode: false },
      { name: 'client 1', isNode: false },
      { name: 'n1', isNode: true },
      { name: 'n2', isNode: true },
    ]);
    expect(story.messages.map(({ from, to, fate, text }) => `${from} → ${to} ${fate}: ${text}`)).toEqual([
      '0 → 2 arrived: write x',
      '2 → 3 dropped: append x',
      '2 → 0 arrived: ok',
      '1 → 3 arrived: read',
      '3 → 2 unseen: append',
    ]);
    expect(story).toMatchObject({ routine: 1, cut: 0, anomaly: 'nonlinearizable' });
  });

  it('goes to the end of a run in which nothing broke', () => {
    const { story: whole } = collectReportData({ ...sampleStory(), verdicts: [], valid: true });
    expect(whole?.steps.at(-1)?.text).toBe('is told that its write x failed: timeout');
    expect(whole?.steps.some(({ kind }) => kind === 'break')).toBe(false);
  });

  it('is absent where nothing of it was recorded', () => {
    const { story: _, ...rest } = sampleStory();
    expect(collectReportData(rest).story).toBeNull();
  });
});

describe('the story as text', () => {
  it('is a line a step, aligned', () => {
    expect(storyText(story).split('\n').slice(0, 5)).toEqual([
      '  story        1.000 ms  n1, n2: starts in term 0 with an empty log',
      '              10.000 ms  n1: leads term 1',
      '              10.000 ms  believed: n1: leader of term 1, log to 0, committed to 0; n2: follower in',
      '                           term 0, log to 0, committed to 0',
      '              20.000 ms  client 0: asks n1: write x "x"',
    ]);
  });

  it('shows control characters escaped', () => {
    const { story: hostile } = collectReportData(sampleStory('\u001b[31m'));
    expect(storyText(hostile as Story)).not.toContain('\u001b');
  });

  it('leaves out what is far before the end', () => {
    const step = story.steps[0] ?? expect.fail();
    const steps = Array.from({ length: 200 }, (_, i) => ({ ...step, time: i * 1e7, text: `step ${i}` }));
    const lines = storyText({ ...story, steps }).split('\n');
    expect(lines).toHaveLength(81);
    expect(lines[0]).toBe('  story       … 120 lines before');
  });
});
