/**
 * The chapters of a comparison: adds up what the runs gave, over seeds, faults and partitions.
 *
 *     chaptersOf({ samples, variants: ['isr', 'raft'], scenarios })
 *
 * A scenario of which a variant has no run yet (Ctrl-C) has an empty cell there.
 */
import { nsToMs, nsToS } from '../units.ts';
import type { Cell, Chapter, Group, Row, Sample, Unit } from './comparison.ts';
import { bytesText, millisecondsText, numberText, percentText, secondsText, shareText } from './figures.ts';
import type { Measured } from './measure-run.ts';
import type { Measure } from './measures.ts';
import { spreadOf } from './quantiles.ts';
import type { Scenario } from './scenario.ts';
import type { Outage } from './unavailability.ts';

export interface ChapterInput {
  readonly samples: readonly Sample[];
  /** In the order of the cells. */
  readonly variants: readonly string[];
  /** In the order of the rows: those that were planned. */
  readonly scenarios: readonly Scenario[];
}

const EMPTY: Cell = { text: '–', value: null };
/** More values than this are told by their spread alone. */
const VALUES_MAX = 100;

/** Those for which a scenario was planned. */
export function chaptersOf(input: ChapterInput): readonly Chapter[] {
  return CHAPTERS.filter(({ measure }) =>
    input.scenarios.some(({ measures }) => measures.includes(measure)),
  ).map(({ measure, title, meaning, groups, notes }) => ({
    measure,
    title,
    meaning,
    groups: groups(input),
    notes: notes?.(input) ?? [],
  }));
}

interface ChapterSpec extends Omit<Chapter, 'groups' | 'notes'> {
  groups(input: ChapterInput): readonly Group[];
  notes?(input: ChapterInput): readonly string[];
}

interface RowSpec<M extends Measure> {
  readonly unit: Unit;
  readonly better: Row['better'];
  readonly title?: string;
  /** Of all runs of a scenario and a variant; at least one. */
  cell(runs: readonly NonNullable<Measured[M]>[]): Cell;
}

/** A row a scenario that has the measure. */
function rowsOf<M extends Measure>(input: ChapterInput, measure: M, spec: RowSpec<M>): Row[] {
  const { scenarios, variants } = input;
  return scenarios
    .filter(({ measures }) => measures.includes(measure))
    .map((scenario) => ({
      scenario: scenario.name,
      title: spec.title ?? scenario.title,
      unit: spec.unit,
      better: spec.better,
      cells: variants.map((variant) => {
        const runs = runsOf(input, measure, scenario.name, variant);
        return runs.length === 0 ? EMPTY : spec.cell(runs);
      }),
    }));
}

function runsOf<M extends Measure>(
  { samples }: ChapterInput,
  measure: M,
  scenario: string,
  variant: string,
): NonNullable<Measured[M]>[] {
  return samples.flatMap((sample) => {
    const measured = sample.measured[measure];
    return sample.scenario !== scenario ||
      sample.variant !== variant ||
      measured === undefined ||
      measured === null
      ? []
      : [measured];
  });
}

const total = <T>(items: readonly T[], valueOf: (item: T) => number): number =>
  items.reduce((sum, item) => sum + valueOf(item), 0);

/** Median and maximum, in words and as values. */
function spreadCell(values: readonly number[], text: (value: number) => string): Cell {
  const spread = spreadOf(values);
  if (spread === null) return EMPTY;
  const { median, max } = spread;
  return {
    text: max === 0 ? 'none' : median === max ? text(median) : `${text(median)}, at most ${text(max)}`,
    value: median,
    spread,
    ...(values.length > VALUES_MAX ? {} : { values: [...values].sort((a, b) => a - b) }),
  };
}

function outageRows(
  input: ChapterInput,
  hit: Outage['hit'],
  valueOf: (outage: Outage) => number | null,
): Row[] {
  return rowsOf(input, 'unavailability', {
    unit: 's',
    better: 'less',
    cell: (runs) => {
      const outages = runs.flat().filter((outage) => outage.hit === hit);
      const values = outages.map(valueOf).filter((value) => value !== null);
      const cell = spreadCell(values.map(nsToS), secondsText);
      const never = outages.length - values.length;
      return never === 0
        ? cell
        : { ...cell, text: `${cell.text}; ${shareText(never, outages.length)} never` };
    },
  });
}

const CHAPTERS: readonly ChapterSpec[] = [
  {
    measure: 'loss',
    title: 'Acknowledged records that are lost',
    meaning:
      'Clients were told that these records are written. After all faults are over consumers read every partition from its beginning to its end, and do not get them.',
    groups: (input) => [
      {
        title: 'lost, of all that were acknowledged',
        rows: rowsOf(input, 'loss', {
          unit: 'share',
          better: 'less',
          cell: (runs) => {
            const acknowledged = total(runs, (run) => run.acknowledged);
            const lost = total(runs, (run) => run.lost);
            const undecided = total(runs, (run) => run.undecided);
            const hurt = runs.filter((run) => run.lost > 0).length;
            const text = shareText(lost, acknowledged);
            return {
              text:
                (hurt === 0 ? text : `${text}, in ${hurt} of ${runs.length} runs`) +
                (undecided === 0 ? '' : `; ${numberText(undecided)} unknown`),
              value: acknowledged === undecided ? null : lost / (acknowledged - undecided),
            };
          },
        }),
      },
    ],
    notes: (input) =>
      input.scenarios.flatMap(({ name, title }) =>
        input.variants.flatMap((variant) => {
          const found = runsOf(input, 'loss', name, variant).flatMap((run) => run.anomalies);
          const names = [...new Set(found)].sort();
          return names.length === 0 ? [] : [`${title}, ${variant}: checkers found ${names.join(', ')}.`];
        }),
      ),
  },
  {
    measure: 'unavailability',
    title: 'Unavailability after a fault',
    meaning:
      'The longest time from a send that begins while a node is away until it, or a later one to its partition, is acknowledged: the median over faults, partitions and seeds, and the longest.',
    groups: (input) => [
      {
        title: 'partitions that the node led',
        rows: outageRows(input, 'leader', ({ outageNs }) => outageNs),
      },
      {
        title: 'partitions that it followed',
        rows: outageRows(input, 'follower', ({ outageNs }) => outageNs),
      },
      {
        title: 'of that after the node was back, where it led',
        rows: outageRows(input, 'leader', ({ beyondNs }) => beyondNs),
      },
    ],
    notes: () => [
      'What clients see, with their own time-outs of 0.25 s a request: a write that waits is not one that failed.',
    ],
  },
  {
    measure: 'latency',
    title: 'Latency with one slow replica',
    meaning:
      'How long acknowledged sends took, to partitions that other nodes lead, before one node’s links became slow and while they were.',
    groups: (input) => {
      const rows = (title: string, pick: 'healthyNs' | 'slowNs'): Row[] =>
        rowsOf(input, 'latency', {
          unit: 'ms',
          better: 'less',
          title,
          cell: (runs) => {
            const cell = spreadCell(runs.flatMap((run) => run[pick]).map(nsToMs), millisecondsText);
            if (cell.spread === undefined) return cell;
            const { median, p99, max } = cell.spread;
            const text = `p50 ${millisecondsText(median)} · p99 ${millisecondsText(p99)} · max ${millisecondsText(max)}`;
            return { ...cell, text };
          },
        });
      const slow = input.scenarios.filter(({ measures }) => measures.includes('latency'));
      return [
        {
          title: 'of acknowledged sends',
          rows: [...rows('all nodes fast', 'healthyNs'), ...rows(slow[0]?.title ?? '', 'slowNs')],
        },
      ];
    },
    notes: (input) =>
      input.variants.flatMap((variant) => {
        const runs = input.scenarios.flatMap(({ name }) => runsOf(input, 'latency', name, variant));
        const count = total(runs, (run) => run.unacknowledged);
        return count === 0
          ? []
          : [`${variant}: ${numberText(count)} sends were not acknowledged while the node was slow.`];
      }),
  },
  {
    measure: 'survival',
    title: 'Replicas needed to survive failures',
    meaning:
      'Nodes are killed one after the other and stay away. Asked while they are away: are the acknowledged records in the log of a leader that runs, and do partitions take writes?',
    groups: (input) => [
      {
        title: 'acknowledged records that are there',
        rows: rowsOf(input, 'survival', {
          unit: 'share',
          better: 'more',
          cell: (runs) => {
            const acknowledged = total(runs, (run) => run.acknowledged);
            const there = total(runs, (run) => run.kept);
            const away = total(runs, (run) => run.unreachable);
            const lost = acknowledged - there - away;
            const why = [
              ...(lost === 0 ? [] : [`${numberText(lost)} lost`]),
              ...(away === 0 ? [] : [`${numberText(away)} without a leader`]),
            ];
            return {
              text: [shareText(there, acknowledged), ...why].join('; '),
              value: acknowledged === 0 ? null : there / acknowledged,
            };
          },
        }),
      },
      {
        title: 'partitions that take writes',
        rows: rowsOf(input, 'survival', {
          unit: 'share',
          better: 'more',
          cell: (runs) => {
            const partitions = total(runs, (run) => run.partitions);
            const writing = total(runs, (run) => run.writing);
            return {
              text: shareText(writing, partitions),
              value: partitions === 0 ? null : writing / partitions,
            };
          },
        }),
      },
    ],
  },
  {
    measure: 'traffic',
    title: 'Bytes on the wire',
    meaning:
      'What nodes send to each other, all of it, heartbeats and metadata included, without headers of the network: while clients write 300 records a second, and when nobody does.',
    groups: (input) => {
      const row = (
        title: string,
        unit: Unit,
        text: (value: number) => string,
        valueOf: (run: NonNullable<Measured['traffic']>) => number,
      ): Group => ({
        title,
        rows: rowsOf(input, 'traffic', {
          unit,
          better: 'less',
          cell: (runs) => {
            const value = total(runs, valueOf) / runs.length;
            return Number.isFinite(value) ? { text: text(value), value } : EMPTY;
          },
        }),
      });
      return [
        row('bytes for one acknowledged record', 'bytes', bytesText, (run) => run.bytes / run.acknowledged),
        row(
          'messages for one acknowledged record',
          'number',
          numberText,
          (run) => run.messages / run.acknowledged,
        ),
        row(
          'bytes for one byte that clients sent',
          'number',
          numberText,
          (run) => run.bytes / run.clientBytes,
        ),
        row('bytes a second when nobody writes', 'bytes', bytesText, (run) => run.idleBytesPerS),
        row('messages a second when nobody writes', 'number', numberText, (run) => run.idleMessagesPerS),
      ];
    },
    notes: (input) =>
      input.samples.some(({ measured }) => measured.traffic === null)
        ? ['Only the simulated network counts what is sent: use --cluster sim.']
        : [],
  },
  {
    measure: 'elections',
    title: 'Elections, and how leaders are spread',
    meaning:
      'How often partitions got another leader, and what share of the partitions the busiest node leads eight seconds after all nodes are back: a third is even.',
    groups: (input) => [
      {
        title: 'changes of leaders for one fault; without faults, in the whole run',
        rows: rowsOf(input, 'elections', {
          unit: 'number',
          better: 'less',
          cell: (runs) => {
            const value = total(runs, (run) => run.changes) / total(runs, (run) => Math.max(1, run.faults));
            return { text: value === 0 ? 'none' : numberText(value), value };
          },
        }),
      },
      {
        title: 'partitions that the busiest node leads at the end',
        rows: rowsOf(input, 'elections', {
          unit: 'share',
          better: 'less',
          cell: (runs) =>
            spreadCell(
              runs.map((run) => Math.max(...run.led) / run.partitions),
              percentText,
            ),
        }),
      },
    ],
  },
];
