/**
 * The standard input and output of something in a container, over one connection that Docker has handed over (hijacked).
 *
 *     const pipe = await attach(container, { onOutput: log, onError: log });
 *     pipe.write('hello\n');
 *     await pipe.ended;          // all that it wrote was handed over
 *
 * Docker sends both outputs in frames: a byte that says which, three of nothing, four of length, then the bytes.
 */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { Container } from 'dockerode';

export interface Pipe {
  /** Ignored once it is gone. */
  write(text: string): void;
  /** Resolves, and never rejects, when nothing comes any more. */
  readonly ended: Promise<void>;
  close(): void;
}

export interface Outputs {
  onOutput(bytes: Uint8Array): void;
  onError(bytes: Uint8Array): void;
}

const FRAME_HEAD_BYTES = 8;
const STANDARD_ERROR = 2;

/** To the container's own process. Before it is started, nothing of what it writes is lost. */
export async function attach(container: Container, outputs: Outputs): Promise<Pipe> {
  const stream = await container.attach({
    stream: true,
    stdin: true,
    stdout: true,
    stderr: true,
    hijack: true,
  });
  return pipeOf(stream as Duplex, outputs);
}

/** To another process that is started in it. */
export async function execute(
  container: Container,
  command: readonly string[],
  outputs: Outputs,
): Promise<Pipe> {
  const process = await container.exec({
    Cmd: [...command],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  return pipeOf(await process.start({ hijack: true, stdin: true }), outputs);
}

function pipeOf(stream: Duplex, outputs: Outputs): Pipe {
  const frames = new FrameReader(outputs);
  stream.on('data', (bytes: Buffer) => frames.push(bytes));
  // A broken connection is an end, too: what became of the container is asked of Docker.
  stream.on('error', () => stream.destroy());
  const ended = new Promise<void>((resolve) => {
    stream.once('end', () => resolve());
    stream.once('close', () => resolve());
  });
  return {
    ended,
    write: (text) => {
      if (stream.writable) stream.write(text);
    },
    close: () => void stream.destroy(),
  };
}

/** Frames may be cut anywhere, and are handed on as they come: a long one is not collected first. */
export class FrameReader {
  readonly #outputs: Outputs;
  readonly #head = Buffer.alloc(FRAME_HEAD_BYTES);
  #headBytes = 0;
  #bodyBytes = 0;

  constructor(outputs: Outputs) {
    this.#outputs = outputs;
  }

  push(bytes: Buffer): void {
    for (let offset = 0; offset < bytes.length;) {
      if (this.#bodyBytes === 0) {
        const taken = bytes.copy(
          this.#head,
          this.#headBytes,
          offset,
          offset + FRAME_HEAD_BYTES - this.#headBytes,
        );
        this.#headBytes += taken;
        offset += taken;
        if (this.#headBytes < FRAME_HEAD_BYTES) return;
        this.#headBytes = 0;
        this.#bodyBytes = this.#head.readUInt32BE(4);
      } else {
        const part = bytes.subarray(offset, offset + this.#bodyBytes);
        this.#bodyBytes -= part.length;
        offset += part.length;
        if (this.#head[0] === STANDARD_ERROR) this.#outputs.onError(part);
        else this.#outputs.onOutput(part);
      }
    }
  }
}
