/**
 * The replicated state: keys with JSON values, and the client sessions. Applying the same log gives the same
 * state and the same state hash on every node.
 *
 *     const machine = new StateMachine(100);
 *     machine.apply(entry, rules).code; // 0, or why it took no effect
 *     machine.read('x');                // null where there is no such key
 *
 * `append` pushes onto a list, or continues a text with a text; an absent key becomes a text for a text and a list
 * with one element for anything else. `add` counts an absent key as 0. `delete` makes the key absent.
 */
import type { Json } from '../../harness/history/operation.ts';
import type { Reader } from './bytes.ts';
import { MalformedError, Writer } from './bytes.ts';
import { RESULT } from './errors.ts';
import { checksum, mix } from './hash.ts';
import type { Command, Payload } from './payload.ts';
import type { Rules } from './rules.ts';
import { Sessions } from './sessions.ts';
import { isArray, jsonEqual, readValue, writeValue } from './values.ts';

/** What a command came to, and where in the log it stands: for a repeated command, where it stood first. */
export interface Outcome {
  readonly code: number;
  readonly index: number;
  readonly term: number;
}

interface Cell {
  readonly key: string;
  /** Lists are ours alone and grow in place. */
  value: Json;
  /** What it contributes to the hash of all keys, unless it is stale. */
  hash: number;
  stale: boolean;
}

export class StateMachine {
  private readonly cells = new Map<string, Cell>();
  private sessions: Sessions;
  private readonly maxSessions: number;
  private keysHash = 0;
  private staleCells: Cell[] = [];
  private readonly scratch = new Writer();

  constructor(maxSessions: number) {
    this.maxSessions = maxSessions;
    this.sessions = new Sessions(maxSessions);
  }

  get keyCount(): number {
    return this.cells.size;
  }

  get sessionCount(): number {
    return this.sessions.count;
  }

  read(key: string): Json {
    return this.cells.get(key)?.value ?? null;
  }

  /** @param payload - of the entry at (index, term) */
  apply(payload: Payload, index: number, term: number, rules: Rules): Outcome {
    switch (payload.kind) {
      case 'noop':
        return { code: RESULT.ok, index, term };
      case 'register':
        this.sessions.register(index);
        return { code: RESULT.ok, index, term };
      case 'command':
        return this.applyCommand(payload, index, term, rules);
    }
  }

  private applyCommand(command: Command, index: number, term: number, rules: Rules): Outcome {
    const session = this.sessions.find(command.session);
    if (session === undefined) return { code: RESULT.unknownSession, index, term };
    session.lastActiveIndex = index;
    switch (rules.duplicateDecision(session.lastSequence, command.sequence)) {
      case 'stale':
        return { code: RESULT.staleSequence, index, term };
      case 'replay':
        return { code: session.code, index: session.index, term: session.term };
      case 'apply': {
        const code = this.change(command);
        session.lastSequence = command.sequence;
        session.code = code;
        session.index = index;
        session.term = term;
        return { code, index, term };
      }
    }
  }

  /** What a command would come to, changing nothing. */
  evaluate(command: Command): number {
    const current = this.read(command.key);
    switch (command.op) {
      case 'cas':
        return jsonEqual(current, command.expected) ? RESULT.ok : RESULT.preconditionFailed;
      case 'append':
        return current === null ||
          isArray(current) ||
          (typeof current === 'string' && typeof command.value === 'string')
          ? RESULT.ok
          : RESULT.wrongType;
      case 'add':
        return addTo(current, command.value) === null ? RESULT.wrongType : RESULT.ok;
      default:
        return RESULT.ok;
    }
  }

  private change(command: Command): number {
    const code = this.evaluate(command);
    if (code !== RESULT.ok) return code;
    const { key, value } = command;
    switch (command.op) {
      case 'write':
      case 'cas':
        this.set(key, value);
        break;
      case 'append': {
        const current = this.read(key);
        if (isArray(current)) {
          (current as Json[]).push(value);
          this.set(key, current);
        } else {
          this.set(
            key,
            typeof value !== 'string' ? [value] : typeof current === 'string' ? current + value : value,
          );
        }
        break;
      }
      case 'add':
        this.set(key, addTo(this.read(key), value));
        break;
      case 'delete':
        this.set(key, null);
    }
    return code;
  }

  private set(key: string, value: Json): void {
    const cell = this.cells.get(key);
    if (value === null) {
      if (cell === undefined) return;
      this.cells.delete(key);
      if (!cell.stale) this.keysHash = (this.keysHash - cell.hash) >>> 0;
      // A stale cell that left the map is skipped when the hash is next computed.
      cell.value = null;
      return;
    }
    // Lists that came with a command belong to its log entry: later appends must not reach back into it.
    const owned = isArray(value) && cell?.value !== value ? [...value] : value;
    if (cell === undefined) {
      const created: Cell = { key, value: owned, hash: 0, stale: true };
      this.cells.set(key, created);
      this.staleCells.push(created);
      return;
    }
    cell.value = owned;
    if (!cell.stale) {
      this.keysHash = (this.keysHash - cell.hash) >>> 0;
      cell.stale = true;
      this.staleCells.push(cell);
    }
  }

  /** Of keys and sessions, independent of order; costs as much as changed since it was last asked. */
  stateHash(): number {
    for (const cell of this.staleCells) {
      if (cell.value === null) continue;
      this.scratch.length = 0;
      this.scratch.string(cell.key);
      writeValue(this.scratch, cell.value);
      cell.hash = mix(0x6b657973, checksum(this.scratch.buffer.subarray(0, this.scratch.length)));
      cell.stale = false;
      this.keysHash = (this.keysHash + cell.hash) >>> 0;
    }
    this.staleCells = [];
    return mix(mix(0x73746174, this.keysHash), this.sessions.hash());
  }

  /** Keys ascending, then sessions: the same bytes for the same state. */
  write(writer: Writer, withSessions: boolean): void {
    const keys = [...this.cells.keys()].sort();
    writer.varint(keys.length);
    for (const key of keys) {
      writer.string(key);
      writeValue(writer, this.read(key));
    }
    if (withSessions) this.sessions.write(writer);
    else writer.varint(0);
  }

  /** @throws MalformedError */
  static restore(reader: Reader, maxSessions: number): StateMachine {
    const machine = new StateMachine(maxSessions);
    const count = reader.varint();
    if (count > reader.remaining) throw new MalformedError(`${count} keys in ${reader.remaining} bytes`);
    for (let i = 0; i < count; i++) {
      const key = reader.string();
      machine.set(key, readValue(reader));
    }
    machine.sessions = Sessions.read(reader, machine.maxSessions);
    return machine;
  }
}

/** Null where they cannot be added to a number that JSON carries. */
function addTo(current: Json, amount: Json): number | null {
  if (typeof amount !== 'number') return null;
  if (current !== null && typeof current !== 'number') return null;
  const sum = (current ?? 0) + amount;
  return Number.isFinite(sum) ? sum : null;
}
