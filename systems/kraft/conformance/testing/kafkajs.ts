/** kafkajs as an application has it, with all four codecs; what it says of errors as short text. */
import kafkajs from 'kafkajs';
import type { Kafka } from 'kafkajs';
import { CODEC, compress, decompress } from '../../records/compression.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;

const MAX_BYTES = 16 * 1024 * 1024;

interface TheirEncoder {
  readonly buffer: Buffer;
}

for (const [type, codec] of [
  [CompressionTypes.Snappy, CODEC.snappy],
  [CompressionTypes.LZ4, CODEC.lz4],
  [CompressionTypes.ZSTD, CODEC.zstd],
] as const) {
  CompressionCodecs[type] = () => ({
    compress: ({ buffer }: TheirEncoder) => Promise.resolve(Buffer.from(compress(codec, buffer))),
    decompress: (buffer: Buffer) => Promise.resolve(Buffer.from(decompress(codec, buffer, MAX_BYTES))),
  });
}

export function connectKafkajs(bootstrap: string): Kafka {
  return new kafkajs.Kafka({
    clientId: 'conformance',
    brokers: [bootstrap],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 8, initialRetryTime: 50 },
  });
}

/** The protocol's name of what was thrown, or the kind of error of the client's own. */
export async function errorOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (thrown) {
    return nameOf(thrown);
  }
}

function nameOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { type, cause, errors, partitions } = thrown as Error & {
    type?: string;
    errors?: readonly unknown[];
    partitions?: readonly { error?: unknown }[];
  };
  if (type !== undefined) return type;
  if (partitions !== undefined) return partitions.map(({ error }) => nameOf(error)).join(' ');
  if (errors !== undefined) return errors.map(nameOf).join(' ');
  return cause instanceof Error ? nameOf(cause) : thrown.name;
}

export async function until(isSo: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const untilMs = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > untilMs) throw new Error(`not so within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
