/**
 * The operator's path of a tutorial, as it is written: three nodes on this machine, each command a process of its own. What the commands
 * print is compared with `testdata/tutorial.txt`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandFolder, portsFor, withoutChance } from './testing/command.ts';
import type { CommandResult } from './testing/command.ts';

const NODES = ['node-1', 'node-2', 'node-3'];
const EXAMPLE_PORTS = [9092, 9093, 9094, 9095, 9096, 9097];

let folder: CommandFolder;
let ports: Map<number, number>;
let transcript = '';

beforeAll(async () => {
  folder = new CommandFolder();
  ports = await portsFor(EXAMPLE_PORTS);
  for (const name of NODES)
    folder.example(name, ports, {
      'offsets.topic.num.partitions': '3',
      'broker.heartbeat.interval.ms': '500',
      'broker.session.timeout.ms': '3000',
    });
});
afterAll(() => folder.remove());

/** Runs a command line as it is typed, and writes down what came of it. */
async function type(line: string, input = ''): Promise<CommandResult> {
  const words = line.match(/'[^']*'|\S+/g) ?? [];
  const args = words.slice(1).map((word) => word.replaceAll("'", ''));
  const at = args.indexOf('--bootstrap-server') + 1;
  if (at > 0)
    args[at] = (args[at] as string).replace(
      /localhost:(\d+)/g,
      (_, port) => `127.0.0.1:${ports.get(Number(port))}`,
    );
  const result = await folder.kraft(args, { input });
  const shown = withoutChance(result.stdout + result.stderr, folder, ports);
  transcript += `$ ${line}\n${shown}${result.status === 0 ? '' : `[exit ${result.status}]\n`}\n`;
  return result;
}

/** Repeats a command that only looks until it shows what is waited for; only the last is written down. */
async function typeUntil(line: string, pattern: RegExp): Promise<CommandResult> {
  const before = transcript;
  for (let i = 0; ; i++) {
    transcript = before;
    const result = await type(line);
    const said = result.stdout + result.stderr;
    if (pattern.test(said) || i === 40) {
      expect(said).toMatch(pattern);
      return result;
    }
    await delay(500);
  }
}

async function untilUnfenced(): Promise<void> {
  const logs = [1, 2, 3].map((id) => join('logs', `kraft-${id}.log`));
  for (let i = 0; i < 60 && !logs.every((log) => folder.read(log).includes('is unfenced')); i++)
    await delay(500);
  for (const log of logs) expect(folder.read(log)).toContain('is unfenced');
}

const B = '--bootstrap-server localhost:9092,localhost:9094,localhost:9096';

test('a cluster from nothing, through the loss of a leader, to its stop', async () => {
  const { stdout: uuid } = await type('kraft storage random-uuid');
  for (const name of NODES) await type(`kraft storage format -t ${uuid.trim()} -c ${name}.properties`);
  transcript = transcript.replaceAll(uuid.trim(), 'UUID');
  for (const name of NODES) {
    const { status } = await type(`kraft server-start -daemon ${name}.properties`);
    expect(status).toBe(0);
  }
  const second = await type('kraft server-start node-1.properties');
  expect(second.stderr).toMatch(/is in use by another server \(pid \d+\)/);

  // A replica on a broker that is not there yet would join the ISR later, and so be told last.
  await untilUnfenced();
  // Each node is the first replica of one partition.
  await typeUntil(`kraft metadata-quorum ${B} describe --status`, /LeaderId: +[123]\n/);
  transcript = transcript.replace(/\$ kraft metadata-quorum[^]*$/, '');
  await type(
    `kraft topics --create --topic orders --replica-assignment 1:2:3,2:3:1 --config retention.ms=600000 ${B}`,
  );
  await type(`kraft topics --create --topic orders ${B}`);
  await type(`kraft topics --create --topic orders --if-not-exists ${B}`);
  await typeUntil(`kraft topics --list ${B}`, /orders/);
  await typeUntil(`kraft topics --describe --topic orders ${B}`, /Isr: 1,2,3[^]*Isr: 2,3,1/);

  await type(
    `kraft console-producer --topic orders --property parse.key=true --property key.separator=: ${B}`,
    'a:apple\nb:banana\nc:cherry\n',
  );
  const all = await type(
    `kraft console-consumer --topic orders --from-beginning --max-messages 3 --property print.key=true ${B}`,
  );
  expect(all.stdout.trim().split('\n').sort()).toEqual(['a\tapple', 'b\tbanana', 'c\tcherry']);
  await type(`kraft console-consumer --topic orders --group billing --from-beginning --max-messages 3 ${B}`);
  await type(`kraft consumer-groups --list ${B}`);
  await type(`kraft consumer-groups --describe --group billing ${B}`);
  await type(`kraft get-offsets --topic orders ${B}`);

  process.kill(folder.pid('kraft-1'), 'SIGKILL');
  await typeUntil(`kraft topics --describe --topic orders ${B}`, /Partition: 0\tLeader: 2\t[^\n]*Isr: 2,3\t/);
  const status = await typeUntil(`kraft metadata-quorum ${B} describe --status`, /LeaderId: +[23]\n/);
  expect(status.stdout).toMatch(
    /CurrentVoters: +\[\{"id": 1, .*"endpoints": \["CONTROLLER:\/\/127.0.0.1:\d+"\]\}/,
  );
  transcript = transcript.replace(/\$ kraft metadata-quorum[^]*$/, '');
  await type(`kraft console-producer --topic orders ${B}`, 'date\n');
  const rest = await type(
    `kraft console-consumer --topic orders --group billing --max-messages 1 --timeout-ms 30000 ${B}`,
  );
  expect(rest.stdout).toBe('date\n');

  await type('kraft server-start -daemon node-1.properties');
  await typeUntil(`kraft topics --describe --topic orders ${B}`, /Isr: 2,3,1\t[^]*Isr: 2,3,1\t/);
  const replication = await typeUntil(`kraft metadata-quorum ${B} describe --replication`, /(\n\d[^\n]*){3}/);
  expect(replication.stdout.split('\n')[0]).toMatch(
    /^NodeId\tDirectoryId +\tLogEndOffset\tLag *\tLastFetchTimestamp *\t/,
  );
  transcript = transcript.replace(/\$ kraft metadata-quorum[^]*$/, '');

  await type(`kraft configs --alter --topic orders --add-config min.insync.replicas=1 ${B}`);
  await typeUntil(`kraft configs --describe --topic orders ${B}`, /DYNAMIC_TOPIC_CONFIG:min.insync/);
  await type(`kraft topics --alter --topic orders --partitions 3 ${B}`);
  await type(`kraft topics --delete --topic orders ${B}`);
  await typeUntil(`kraft topics --describe --topic orders ${B}`, /does not exist/);
  await type(`kraft consumer-groups --delete --group billing ${B}`);
  await type('kraft server-stop node-3.properties');
  await type('kraft server-stop');
  await type('kraft server-stop');
  expect(folder.pids()).toEqual([]);
  for (const id of [1, 2, 3])
    expect(folder.read(join('logs', `kraft-${id}.log`))).toContain(`node ${id} is stopped`);

  await expect(transcript).toMatchFileSnapshot('testdata/tutorial.txt');
}, 240_000);
