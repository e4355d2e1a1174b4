/** A comparison of two variants with made-up figures, for tests of who shows it. */
import type { Comparison } from '../comparison.ts';

export function comparisonOf(changes: Partial<Comparison> = {}): Comparison {
  return {
    format: 'shaketable-comparison',
    version: 1,
    shaketableVersion: '0.1.0',
    gitRevision: null,
    startedAt: '2026-01-01T00:00:00.000Z',
    commandLine: 'shaketable compare isr raft',
    system: 'kraft',
    workload: 'log',
    cluster: 'sim',
    seeds: [1, 2, 3],
    variants: [
      { name: 'isr', description: 'in-sync replicas', options: {} },
      { name: 'raft', description: 'a Raft group', options: { protocol: 'raft' } },
    ],
    runsDone: 12,
    runsPlanned: 12,
    interrupted: false,
    scenarios: [{ name: 'power-loss-all', title: 'power loss of all nodes', how: '100 operations a second' }],
    skipped: [{ scenario: 'restarted cleanly', reason: 'the cluster cannot' }],
    chapters: [
      {
        measure: 'loss',
        title: 'Acknowledged records that are lost',
        meaning: 'Clients were told that these records are written, and do not get them.',
        groups: [
          {
            title: 'lost, of all that were acknowledged',
            rows: [
              {
                scenario: 'kill-all',
                title: 'all nodes killed',
                unit: 'share',
                better: 'less',
                cells: [
                  { text: 'none of 900', value: 0 },
                  { text: 'none of 900', value: 0 },
                ],
              },
              {
                scenario: 'power-loss-all',
                title: 'power loss of all nodes',
                unit: 'share',
                better: 'less',
                cells: [
                  { text: '194 of 900 (22 %), in 3 of 3 runs', value: 0.2156 },
                  { text: 'none of 900', value: 0 },
                ],
              },
            ],
          },
        ],
        notes: ['power loss of all nodes, isr: checkers found lost-write <unseen>.'],
      },
      {
        measure: 'latency',
        title: 'Latency with one slow replica',
        meaning: 'How long acknowledged sends took.',
        groups: [
          {
            title: 'of acknowledged sends',
            rows: [
              {
                scenario: 'slow-replica',
                title: 'all nodes fast',
                unit: 'ms',
                better: 'less',
                cells: [
                  {
                    text: '2.0 ms, at most 4.0 ms',
                    value: 2,
                    spread: { count: 3, median: 2, p99: 4, max: 4 },
                    values: [1, 2, 4],
                  },
                  { text: '2.1 ms', value: 2.1 },
                ],
              },
            ],
          },
        ],
        notes: [],
      },
    ],
    samples: [{ scenario: 'power-loss-all', variant: 'isr', seed: 1, directory: 'runs/a', measured: {} }],
    ...changes,
  };
}
