/**
 * A client of Kafka's protocol that costs next to nothing: frames that were prepared, answers that are only counted.
 *
 *     const client = await RawClient.connect(port);
 *     const { topics } = await client.ask(APIS.metadata, 8, { topics: null });
 *     const frame = prepare(APIS.produce, 8, { … });
 *     await client.send(frame);                 // the answer's frame, without its length
 */
import { createConnection, type Socket } from 'node:net';
import { Reader } from '../../systems/kraft/wire/bytes.ts';
import { FrameReader } from '../../systems/kraft/wire/frames.ts';
import { readResponseHeader, responseHeaderVersion } from '../../systems/kraft/wire/headers.ts';
import { encodeRequest } from '../../systems/kraft/wire/requests.ts';
import type { Api, Fields, InputOfFields, ValueOfFields } from '../../systems/kraft/wire/schema.ts';

const FRAME_BYTES_MAX = 256 * 1024 * 1024;
const TIMEOUT_MS = 90_000;
const CLIENT_ID = 'bench';

/** A whole frame; its correlation id is the same for all: answers come in the order of the requests. */
export function prepare<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  body: InputOfFields<Q>,
): Uint8Array {
  return encodeRequest(api, version, { correlationId: 1, clientId: CLIENT_ID }, body);
}

/** @param frame - of an answer, without its length */
export function decode<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  frame: Uint8Array,
): ValueOfFields<S> {
  const reader = new Reader(frame);
  readResponseHeader(reader, responseHeaderVersion(api, version));
  return api.response.decode(reader, version);
}

interface Waiter {
  readonly resolve: (frame: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

export class RawClient {
  readonly socket: Socket;
  readonly #waiting: Waiter[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    const frames = new FrameReader(FRAME_BYTES_MAX, (frame) => this.#waiting.shift()?.resolve(frame));
    socket.on('data', (chunk: Buffer) => frames.push(chunk));
    const fail = (error: Error): void => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the connection ended')));
  }

  static connect(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host: '127.0.0.1', port });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  send(frame: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.socket.destroyed) this.#waiting.pop()?.reject(new Error('the connection is closed'));
      else this.socket.write(frame);
    });
  }

  async ask<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    version: number,
    body: InputOfFields<Q>,
  ): Promise<ValueOfFields<S>> {
    const timer = setTimeout(() => this.socket.destroy(), TIMEOUT_MS);
    try {
      return decode(api, version, await this.send(prepare(api, version, body)));
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.socket.destroy();
  }
}
