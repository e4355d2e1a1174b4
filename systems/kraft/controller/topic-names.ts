/**
 * Names and ids of topics.
 *
 *     checkTopicName('orders')        // null: it may be a topic's
 *     checkTopicName('a/b')           // a sentence that says why not
 *     newUuid(random)                 // 'qCQZ3xk1T8a0mC5v3fXn7w'
 */
import type { Random } from '../../../harness/random.ts';
import { METADATA_TOPIC } from '../internal-topics.ts';
import type { MetadataImage } from './metadata-image.ts';
import type { Uuid } from './metadata-records.ts';

const NAME_LENGTH_MAX = 249;

/** Why no topic can have this name, or null. */
export function checkTopicName(name: string): string | null {
  if (name === '') return 'a topic needs a name';
  if (name === '.' || name === '..') return `a topic cannot be named "${name}"`;
  if (name === METADATA_TOPIC) return 'the metadata log is no topic that can be created';
  if (name.length > NAME_LENGTH_MAX) return `a topic's name has at most ${NAME_LENGTH_MAX} characters`;
  return /^[a-zA-Z0-9._-]+$/.test(name)
    ? null
    : `a topic's name is of letters, digits, ".", "_" and "-": "${name}"`;
}

const folded = (name: string): string => name.replaceAll('.', '_');

/** Names that differ only in "." and "_" are one in Kafka's metrics, and so only one of them may be. */
export class TopicNames {
  private readonly byFolded = new Map<string, string>();

  constructor(image: MetadataImage) {
    for (const { name } of image.topics.values()) this.created(name);
  }

  created(name: string): void {
    this.byFolded.set(folded(name), name);
  }

  deleted(name: string): void {
    this.byFolded.delete(folded(name));
  }

  collision(name: string): string | undefined {
    return this.byFolded.get(folded(name));
  }
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** 128 random bits in Kafka's way of writing them: never one that begins with a dash, which would look like an option. */
export function newUuid(random: Random): Uuid {
  let text = DIGITS[random.integer(0, 61)] as string;
  for (let i = 1; i < 21; i++) text += DIGITS[random.integer(0, 63)] as string;
  // The last digit carries two bits.
  return text + (DIGITS[random.integer(0, 3) * 16] as string);
}
