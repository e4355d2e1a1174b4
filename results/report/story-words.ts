/** Events of a story in words: what is done for the list, and a few words of it for the diagram. */
import type { FaultEffect, Json, Operation } from '../../harness/history/operation.ts';
import type { TraceEvent } from '../../harness/history/trace.ts';
import { cutText } from './operation-columns.ts';

export interface Words {
  readonly label: string;
  /** What follows the name of who does it. */
  readonly text: string;
}

const MAX_VALUE_CHARACTERS = 120;
const MAX_TEXT_CHARACTERS = 600;

/** Null for what only checkers want. */
export function wordsOfEvent(event: TraceEvent): Words | null {
  switch (event.kind) {
    case 'start': {
      const log = event.lastIndex === 0 ? 'an empty log' : `a log up to ${event.lastIndex}`;
      return say('starts', `starts in term ${event.term} with ${log}`);
    }
    case 'stop':
      return say(event.by === 'node' ? 'crashes' : event.reason, `stops: ${event.reason}`);
    case 'role':
      return roleWords(event);
    case 'vote':
      return say(`votes ${event.candidate}`, `votes for ${event.candidate} in term ${event.term}`);
    case 'append': {
      const [first, last] = [event.entries[0], event.entries.at(-1)];
      if (first === undefined || last === undefined) return null;
      const range = first.index === last.index ? `${first.index}` : `${first.index}–${last.index}`;
      const noun = first.index === last.index ? 'entry' : 'entries';
      return say(`+ ${range} (term ${last.term})`, `appends ${noun} ${range} of term ${last.term}`);
    }
    case 'truncate':
      return say(`− from ${event.fromIndex}`, `removes its entries from ${event.fromIndex} on`);
    case 'commit':
      return say(`commits ${event.index}`, `takes its log up to ${event.index} for committed`);
    case 'acknowledge':
      return say(
        `answers ${event.index}`,
        `tells a client that entry ${event.index} of term ${event.term} took effect`,
      );
    case 'snapshot':
      return say(`snapshot ${event.index}`, `has ${event.source} a snapshot up to ${event.index}`);
    case 'impossible':
      return say('impossible state', `finds its own state impossible: ${event.message}`);
    default:
      return replicaWords(event);
  }
}

function roleWords(event: TraceEvent & { readonly kind: 'role' }): Words {
  const { role, term, leader } = event;
  if (role === 'leader') return say(`leads term ${term}`, `leads term ${term}`);
  if (role === 'follower') {
    return leader === null
      ? say(`term ${term}`, `is a follower in term ${term} and knows no leader`)
      : say(`follows ${leader}`, `follows ${leader} in term ${term}`);
  }
  const asks = role === 'candidate' ? 'stands for election' : 'asks whether it could be elected';
  return say(`${role} ${term}`, `${asks} in term ${term}`);
}

function replicaWords(event: TraceEvent): Words | null {
  switch (event.kind) {
    case 'replica-role': {
      const { partition, role, leaderEpoch } = event;
      const unclean = event.isUnclean === true ? ', elected uncleanly' : '';
      return say(`${role} ${partition}`, `is ${role} of ${partition} in epoch ${leaderEpoch}${unclean}`);
    }
    case 'replica-isr': {
      const isr = event.isr.join(', ');
      return say(
        `ISR ${event.partition} ${event.isr.join(' ')}`,
        `takes ${isr} for in sync on ${event.partition}`,
      );
    }
    case 'replica-append': {
      const [first, last] = [event.batches[0], event.batches.at(-1)];
      if (first === undefined || last === undefined) return null;
      const range =
        first.baseOffset === last.lastOffset
          ? `${first.baseOffset}`
          : `${first.baseOffset}–${last.lastOffset}`;
      return say(
        `+ ${event.partition} ${range}`,
        `appends offset ${range} of epoch ${last.leaderEpoch} to ${event.partition}`,
      );
    }
    case 'replica-truncate':
      return say(
        `− ${event.partition} from ${event.endOffset}`,
        `removes ${event.partition} from offset ${event.endOffset} on`,
      );
    case 'replica-high-watermark':
      return say(
        `HW ${event.partition} ${event.offset}`,
        `raises the high watermark of ${event.partition} to ${event.offset}`,
      );
    case 'replica-acknowledge':
      return say(
        `answers ${event.lastOffset}`,
        `tells a producer that ${event.partition} has offset ${event.lastOffset}`,
      );
    default:
      return null;
  }
}

/** Of a client: what it asks, and what it is told. */
export function wordsOfOperation(operation: Operation): Words {
  const { type, f, value, error, node } = operation;
  const key = operation.key === undefined ? '' : ` ${operation.key}`;
  if (type === 'invoke') {
    const what = `${f}${key}${value === null ? '' : ` ${valueText(value)}`}`;
    return say(what, `asks ${node ?? 'the system'}: ${what}`);
  }
  if (type === 'ok') {
    const told = value === null && f !== 'read' ? 'ok' : `ok ${valueText(value)}`;
    return say(told, `is told of its ${f}${key}: ${told}`);
  }
  const why = error === undefined ? '' : `: ${error.code}`;
  return type === 'fail'
    ? say(`fail${why}`, `is told that its ${f}${key} failed${why}`)
    : say(`unknown${why}`, `does not know what became of its ${f}${key}${why}`);
}

export function wordsOfFault({ f, value }: Operation): Words {
  const effect = value as Partial<FaultEffect> | null;
  const description = typeof effect?.description === 'string' ? effect.description : f;
  return say(f, description);
}

function say(label: string, text: string): Words {
  return { label, text: cutText(text, MAX_TEXT_CHARACTERS) };
}

const valueText = (value: Json): string => cutText(JSON.stringify(value), MAX_VALUE_CHARACTERS);
