/**
 * The file that says that a broker stopped in good order: `.kafka_cleanshutdown`, with its broker epoch then (KIP-966).
 *
 *     const file = new CleanShutdownFile(runtime.files, '');
 *     await file.take();        // 42, or −1; the file is gone
 *     await file.leave(57);     // when all logs are on the disk and closed
 *
 * With it a broker proves to the controller that its logs have all that it acknowledged. So it is gone, durably, before the
 * broker registers, and comes back when the logs are closed.
 */
import type { Files } from '../../../runtime/runtime.ts';
import { joinPath, readIfPresent, replaceFile } from '../../log/durable-files.ts';

const NAME = '.kafka_cleanshutdown';
const VERSION = 0;
const NO_EPOCH = -1;

export class CleanShutdownFile {
  private readonly files: Files;
  private readonly directory: string;

  constructor(files: Files, directory: string) {
    this.files = files;
    this.directory = directory;
  }

  /**
   * The epoch in the file, which is removed; −1 where there is none or where it cannot be read, as after a crash.
   * @throws FileError
   */
  async take(): Promise<number> {
    const path = joinPath(this.directory, NAME);
    const bytes = await readIfPresent(this.files, path);
    if (bytes === null) return NO_EPOCH;
    await this.files.remove(path);
    await this.files.syncDirectory(this.directory);
    return parseEpoch(new TextDecoder().decode(bytes));
  }

  /** Durable when it resolves. @throws FileError */
  async leave(brokerEpoch: number): Promise<void> {
    const text = JSON.stringify({ version: VERSION, brokerEpoch });
    await replaceFile(this.files, this.directory, NAME, new TextEncoder().encode(text));
  }
}

function parseEpoch(text: string): number {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return NO_EPOCH;
  }
  if (typeof content !== 'object' || content === null) return NO_EPOCH;
  if (!('version' in content) || content.version !== VERSION || !('brokerEpoch' in content)) return NO_EPOCH;
  const { brokerEpoch } = content;
  return typeof brokerEpoch === 'number' && Number.isSafeInteger(brokerEpoch) && brokerEpoch >= 0
    ? brokerEpoch
    : NO_EPOCH;
}
