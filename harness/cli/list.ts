/** `shaketable list`: what there is, and what works with what. */
import type { Command } from 'commander';
import { consistencyModels } from '../../checkers/transactions/index.ts';
import type { NemesisDefinition } from '../../nemeses/nemesis.ts';
import { raft } from '../../systems/raft/index.ts';
import type { System } from '../../systems/system.ts';
import { capabilitiesOf, CLUSTER_KINDS, NETEM_CAPABILITIES, runsIn } from '../cluster/capabilities.ts';
import { EXIT } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import type { CheckerEntry } from './judges/entry.ts';
import { judges } from './judges/index.ts';
import { unknownName } from './names.ts';
import { shortPath } from './own/short-path.ts';
import { type Kind, models, nemeses, ownCheckers, ownSourceOf, systems, workloads } from './registries.ts';

type Row = Record<string, string>;

const LISTS: ReadonlyMap<string, () => Row[]> = new Map([
  [
    'systems',
    () =>
      [...systems.values()].map((system) => ({
        name: system.name,
        summary: system.summary,
        workloads: [...workloads.values()]
          .filter((workload) => workload.functions.every((f) => system.functions.includes(f)))
          .map((workload) => workload.name)
          .join(', '),
        clusters: CLUSTER_KINDS.filter((kind) => runsIn(kind, system)).join(', '),
        ...moduleOf('system', system.name),
      })),
  ],
  [
    'workloads',
    () =>
      [...workloads.values()].map(({ name, summary }) => ({
        name,
        summary,
        ...moduleOf('workload', name),
      })),
  ],
  [
    'nemeses',
    () =>
      [...nemeses.values()].map((nemesis) => ({
        name: nemesis.name,
        summary: nemesis.summary,
        needs: nemesis.needs.join(', '),
        ...clustersFor(nemesis),
        ...moduleOf('nemesis', nemesis.name),
      })),
  ],
  [
    'checkers',
    () => [
      ...judges.map(checkerRow),
      ...[...ownCheckers.keys()].map((name) => ({
        name,
        summary: 'judges every run, as the configuration says',
        ...moduleOf('checker', name),
      })),
    ],
  ],
  [
    'variants',
    () =>
      [...systems.values()].flatMap(({ name: system, variants = [] }) =>
        variants.map(({ name, description, options }) => ({
          name,
          system,
          summary: description,
          options: Object.entries(options)
            .map(([option, value]) => `${option}=${String(value)}`)
            .join(', '),
        })),
      ),
  ],
  ['models', () => [...models.values()].map(({ name, summary }) => ({ name, summary }))],
  ['consistency-models', () => consistencyModels.map(({ name, summary }) => ({ name, summary }))],
  [
    'bugs',
    () =>
      [...systems.values()].flatMap((system) =>
        system.bugs.map((bug) => ({
          name: bug.name,
          system: system.name,
          summary: bug.summary,
          source: bug.source,
          foundBy: bug.foundBy.command,
        })),
      ),
  ],
  [
    'options',
    () => [
      ...[...workloads.values()].flatMap((workload) =>
        workload.options.map((option) => optionRow(workload.name, option)),
      ),
      ...[...systems.values()].flatMap((system) =>
        system.options.map((option) => optionRow(system.name, option)),
      ),
      ...judges.flatMap((judge) =>
        judge.options.map((option) => optionRow(`check --workload ${judge.name}`, option)),
      ),
    ],
  ],
]);

/** Of the user's own definitions: where they are. */
function moduleOf(kind: Kind, name: string): Row {
  const source = ownSourceOf(kind, name);
  return source === undefined ? {} : { module: shortPath(source.modulePath) };
}

/** Any server: with every library and every feature of the kernel there. */
const SERVER: NonNullable<System['server']> = { entry: '/server.mjs', faketimeLibrary: '/libfaketime.so' };

/** Where it works on programs of ours; and on servers that others wrote, if that is elsewhere. */
function clustersFor({ needs }: NemesisDefinition): Row {
  const { program: _, ...rest } = raft;
  const able = (system: System): string =>
    CLUSTER_KINDS.filter((kind) => {
      const netem = kind === 'docker' ? NETEM_CAPABILITIES : [];
      const capabilities = new Set([...capabilitiesOf(kind, system), ...netem]);
      return needs.every((capability) => capabilities.has(capability));
    }).join(', ');
  if (needs.length === 0) return {};
  const clusters = able(raft);
  const serversIn = able({ ...rest, server: SERVER });
  return clusters === serversIn ? { clusters } : { clusters, serversIn: serversIn || 'none' };
}

function checkerRow({ name, aliases = [], summary, options, takesConsistencyModel }: CheckerEntry): Row {
  return {
    name,
    summary,
    aliases: aliases.join(', '),
    options: options.map((option) => option.name).join(', '),
    ...(takesConsistencyModel === undefined ? {} : { takes: '--consistency-model' }),
  };
}

function optionRow(of: string, option: { name: string; default: unknown; meaning: string }): Row {
  return { name: option.name, of, default: String(option.default), meaning: option.meaning };
}

/** Longer names stand out of their column. */
const NAME_COLUMNS_MAX = 28;
const LINE_COLUMNS_MAX = 100;

/** Name and summary, with the other fields behind or below them; each on a line of its own where they are long. */
function formatRows(rows: readonly Row[]): string {
  const width = Math.min(NAME_COLUMNS_MAX, Math.max(...rows.map(({ name = '' }) => name.length)));
  return rows
    .map(({ name = '', summary, meaning, ...rest }) => {
      const details = Object.entries(rest)
        .filter(([, value]) => value !== '')
        .map(([label, value]) => ({
          label: label.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`),
          value,
        }));
      const first = `${name.padEnd(width)}  ${summary ?? meaning ?? ''}`.trimEnd();
      const inline = details.map(({ label, value }) => `${label} ${value}`).join(', ');
      const indent = ' '.repeat(width + 2);
      if (inline === '') return first;
      if (first.length + inline.length + 3 <= LINE_COLUMNS_MAX) return `${first} (${inline})`;
      if (indent.length + inline.length + 2 <= LINE_COLUMNS_MAX) return `${first}\n${indent}(${inline})`;
      return [first, ...details.map(({ label, value }) => `${indent}${label}: ${value}`)].join('\n');
    })
    .join('\n');
}

export function addListCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('list')
    .description('systems, workloads, nemeses, checkers, models, bugs, options, and what works with what')
    .argument('[what]', [...LISTS.keys()].join(', '))
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      '\nExamples:\n  shaketable list nemeses\n  shaketable list checkers\n  shaketable list options\n  shaketable list bugs --json',
    )
    .action((what: string | undefined, options: { json?: boolean }) => {
      if (what !== undefined && !LISTS.has(what)) throw unknownName('list', [...LISTS.keys()], what);
      const wanted = what === undefined ? [...LISTS.keys()] : [what];
      const lists = wanted.map((name) => ({ name, rows: LISTS.get(name)?.() ?? [] }));
      if (options.json === true) {
        const json =
          what === undefined
            ? Object.fromEntries(lists.map(({ name, rows }) => [name, rows]))
            : lists[0]?.rows;
        output.print(JSON.stringify(json, null, 2));
      } else {
        output.print(
          lists
            .map(({ name, rows }) => `${what === undefined ? `${name}\n\n` : ''}${formatRows(rows)}`)
            .join('\n\n'),
        );
      }
      finish(EXIT.valid);
    });
}
