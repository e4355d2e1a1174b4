/**
 * The unmodified kafkajs (2.2.4) on an Endpoint: its modules see the endpoint's clock, random numbers and connections.
 *
 *     const library = loadKafkajs(endpoint, loadPackage);
 *     const kafka = library.kafka({ clientId: 'c', brokers: ['n1:9092'], retry: { retries: 0 } });
 *     library.dispose(); // as if its process had died
 *
 * Its codecs are replaced by ours, the way kafkajs offers for it: zlib's answers come when Node.js pleases, which is no function of a
 * seed. It logs nothing.
 */
import type * as Kafkajs from 'kafkajs';
import type { Endpoint } from '../../../runtime/runtime.ts';
import type { LoadPackage } from '../../../system.ts';
import { CODEC, compress, decompress } from '../../records/compression.ts';
import { DEFAULT_MAX_DECOMPRESSED_BYTES } from '../../records/record.ts';
import { EndpointGlobals } from './endpoint-globals.ts';
import { EndpointSockets } from './endpoint-socket.ts';

export type Library = typeof Kafkajs;

export interface LoadedKafkajs {
  readonly library: Library;
  readonly sockets: EndpointSockets;
  kafka(config: Kafkajs.KafkaConfig): Kafkajs.Kafka;
  /** Its timers never fire any more, and its connections end; what waits on it waits for ever. */
  dispose(): void;
}

export function loadKafkajs(endpoint: Endpoint, loadPackage: LoadPackage): LoadedKafkajs {
  const globals = new EndpointGlobals(endpoint);
  const sockets = new EndpointSockets(endpoint);
  const randomBytes = (count: number): Buffer => {
    const bytes = Buffer.alloc(count);
    for (let i = 0; i < count; i++) bytes[i] = endpoint.random.integer(0, 255);
    return bytes;
  };
  const absent = (): never => {
    throw new Error('kafkajs uses our codecs and sockets, not those of Node.js');
  };
  const library = loadPackage('kafkajs', {
    globals: globals.byName,
    modules: {
      net: { connect: absent, isIP: () => 0 },
      tls: { connect: absent },
      zlib: { gzip: absent, unzip: absent },
      crypto: { randomBytes },
    },
  }) as Library;
  const codecs = library.CompressionCodecs as unknown as Record<number, () => unknown>;
  for (const codec of [CODEC.gzip, CODEC.snappy, CODEC.lz4, CODEC.zstd]) codecs[codec] = () => codecOf(codec);
  return {
    library,
    sockets,
    kafka: (config) =>
      new library.Kafka({
        ...config,
        // Of Node's socket kafkajs uses what ours has.
        socketFactory: sockets.factory as unknown as Kafkajs.ISocketFactory,
        logCreator: () => () => undefined,
      }),
    dispose: () => {
      globals.dispose();
      sockets.dispose();
    },
  };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function codecOf(codec: number): unknown {
  return {
    compress: async (encoder: { readonly buffer: Buffer }) => asBuffer(compress(codec, encoder.buffer)),
    decompress: async (bytes: Buffer) => asBuffer(decompress(codec, bytes, DEFAULT_MAX_DECOMPRESSED_BYTES)),
  };
}
