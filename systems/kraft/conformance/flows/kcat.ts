/** librdkafka's tool, kcat: metadata, all codecs that it has, offsets by time, a group, a transaction. */
import { runProgram } from '../testing/programs.ts';

const MESSAGES = ['a:first', 'b:second', 'c:third'];

type Kcat = (parameters: string, lines?: readonly string[]) => Promise<readonly string[]>;

const kcatOf =
  (bootstrap: string): Kcat =>
  async (parameters, lines = []) => {
    const all = ['-b', bootstrap, ...parameters.split(' ')];
    const { code, printed } = await runProgram('kcat', all, {
      input: lines.map((line) => `${line}\n`).join(''),
    });
    const said = printed
      .split('\n')
      .map((line) => line.replace(bootstrap, 'HOST:PORT').trim())
      .filter((line) => line !== '');
    return code === 0 ? said : [`exit code ${code}`, ...said];
  };

/** @param createTopic - with two partitions */
export async function speakKcat(
  bootstrap: string,
  createTopic: (topic: string) => Promise<void>,
): Promise<unknown> {
  const kcat = kcatOf(bootstrap);
  const facts: Record<string, unknown> = {};
  const topic = 'kcat';
  await createTopic(topic);
  facts['metadata'] = await kcat(`-L -t ${topic}`);
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    facts[`produce ${codec}`] = await kcat(
      `-P -t ${topic} -p 0 -K : -z ${codec} -H codec=${codec}`,
      MESSAGES,
    );
  facts['produce idempotently'] = await kcat(`-P -t ${topic} -p 1 -K : -X enable.idempotence=true`, MESSAGES);
  facts['produce with acks=1'] = await kcat(`-P -t ${topic} -p 1 -K : -X acks=1`, MESSAGES);
  facts['produce with acks=0'] = await kcat(`-P -t ${topic} -p 1 -K : -X acks=0`, MESSAGES);
  facts['produce to no partition'] = await kcat(`-P -t ${topic} -p 7 -K :`, MESSAGES);
  const format = '-f %p|%o|%k|%s|%h\\n';
  const consume = async (parameters: string): Promise<readonly string[]> =>
    kcat(`-C -t ${topic} -q ${parameters} ${format}`);
  facts['consume'] = [...(await consume('-p 0 -o beginning -e')), ...(await consume('-p 1 -o beginning -e'))];
  facts['consume the last'] = await consume('-p 0 -o -2 -e');
  facts['consume from an offset'] = await consume('-p 0 -o 13 -e');
  facts['consume two'] = await consume('-p 0 -o beginning -c 2');
  facts['ends'] = await kcat(`-Q -t ${topic}:0:-1 -t ${topic}:1:-1`);
  facts['starts'] = await kcat(`-Q -t ${topic}:0:-2 -t ${topic}:1:-2`);
  facts['offsets by time'] = await kcat(`-Q -t ${topic}:0:1700000000000 -t ${topic}:1:4000000000000`);
  facts['group'] = await readInGroup(kcat, topic);
  facts['transaction'] = await transact(kcat, createTopic);
  return facts;
}

async function readInGroup(kcat: Kcat, topic: string): Promise<unknown> {
  const read = async (count: number): Promise<string[]> =>
    [
      ...(await kcat(`-G kcat-group -q -c ${count} -X auto.offset.reset=earliest -f %p|%o\\n ${topic}`)),
    ].sort();
  const first = await read(24);
  await kcat(`-P -t ${topic} -p 1`, ['later']);
  return { first, then: await read(1) };
}

/** A commit; and one that ends without, which aborts. */
async function transact(kcat: Kcat, createTopic: (topic: string) => Promise<void>): Promise<unknown> {
  const topic = 'kcat-transactions';
  await createTopic(topic);
  const committed = await kcat(`-P -t ${topic} -p 0 -K : -X transactional.id=kcat`, MESSAGES);
  const again = await kcat(`-P -t ${topic} -p 0 -K : -X transactional.id=kcat`, MESSAGES);
  const read = await kcat(
    `-C -t ${topic} -p 0 -q -o beginning -e -X isolation.level=read_committed -f %o|%k|%s\\n`,
  );
  return { committed, again, read, end: await kcat(`-Q -t ${topic}:0:-1`) };
}
