/**
 * Turns fields of a schema into closures that read and write them in one version.
 *
 *     const codec = compileStruct('Pair', { left: int32(), right: string() }, 0, false);
 *     codec.write(writer, { left: 1, right: 'x' });
 *     codec.read(reader); // { left: 1, right: 'x' }
 *
 * Everything about a version is decided here, once: while messages pass nothing is looked up in the schema. It knows
 * values only as `unknown`; `Message` (schema.ts) gives them their types.
 */
import type { Reader, Writer } from './bytes.ts';
import { ZERO_UUID } from './bytes.ts';
import { EncodeError, MalformedError } from './codec-error.ts';
import type { AnyField, Fields, PrimitiveKind } from './field.ts';
import { includesVersion } from './versions.ts';

export interface Codec {
  readonly read: (reader: Reader) => unknown;
  readonly write: (writer: Writer, value: unknown) => void;
  /** How few bytes a value can take: what bounds the length of an array. */
  readonly bytesMin: number;
}

type Struct = Record<string, unknown>;

const EMPTY_ARRAY: readonly unknown[] = Object.freeze([]);
const EMPTY_BYTES = new Uint8Array(0);

const ZEROS: Readonly<Record<PrimitiveKind, unknown>> = {
  boolean: false,
  int8: 0,
  int16: 0,
  uint16: 0,
  int32: 0,
  int64: 0,
  string: '',
  bytes: EMPTY_BYTES,
  uuid: ZERO_UUID,
};

/** What a field is read as where it is not there. Shared and frozen where it is an object. */
export function defaultOf(field: AnyField): unknown {
  if (field.default !== undefined) return field.default;
  const { type } = field;
  if (type.kind === 'array') return EMPTY_ARRAY;
  if (type.kind !== 'struct') return ZEROS[type.kind];
  return Object.freeze(
    Object.fromEntries(Object.entries(type.fields).map(([name, inner]) => [name, defaultOf(inner)])),
  );
}

/** Whether leaving a field out loses nothing. */
function isDefault(field: AnyField, value: unknown): boolean {
  if (value === undefined) return true;
  const { type } = field;
  if (value === null || field.default === null) return value === field.default;
  if (type.kind === 'array') return (value as readonly unknown[]).length === 0;
  if (type.kind === 'bytes') return (value as Uint8Array).length === 0;
  if (type.kind !== 'struct') return value === (field.default ?? ZEROS[type.kind]);
  return Object.entries(type.fields).every(([name, inner]) => isDefault(inner, (value as Struct)[name]));
}

const FIXED: Readonly<Record<Exclude<PrimitiveKind, 'string' | 'bytes'>, Codec>> = {
  boolean: { bytesMin: 1, read: (r) => r.boolean(), write: (w, value) => w.boolean(value as boolean) },
  int8: { bytesMin: 1, read: (r) => r.int8(), write: (w, value) => w.int8(value as number) },
  int16: { bytesMin: 2, read: (r) => r.int16(), write: (w, value) => w.int16(value as number) },
  uint16: { bytesMin: 2, read: (r) => r.uint16(), write: (w, value) => w.uint16(value as number) },
  int32: { bytesMin: 4, read: (r) => r.int32(), write: (w, value) => w.int32(value as number) },
  int64: { bytesMin: 8, read: (r) => r.int64(), write: (w, value) => w.int64(value as number) },
  uuid: { bytesMin: 16, read: (r) => r.uuid(), write: (w, value) => w.uuid(value as string) },
};

function stringCodec(flexible: boolean, nullable: boolean): Codec {
  if (flexible) {
    return nullable
      ? {
          bytesMin: 1,
          read: (r) => r.compactNullableString(),
          write: (w, value) => w.compactNullableString(value as string | null),
        }
      : {
          bytesMin: 1,
          read: (r) => r.compactString(),
          write: (w, value) => w.compactString(value as string),
        };
  }
  return nullable
    ? {
        bytesMin: 2,
        read: (r) => r.nullableString(),
        write: (w, value) => w.nullableString(value as string | null),
      }
    : { bytesMin: 2, read: (r) => r.string(), write: (w, value) => w.string(value as string) };
}

function bytesCodec(flexible: boolean, nullable: boolean): Codec {
  if (flexible) {
    return nullable
      ? {
          bytesMin: 1,
          read: (r) => r.compactNullableBytes(),
          write: (w, value) => w.compactNullableBytes(value as Uint8Array | null),
        }
      : {
          bytesMin: 1,
          read: (r) => r.compactBytes(),
          write: (w, value) => w.compactBytes(value as Uint8Array),
        };
  }
  return nullable
    ? {
        bytesMin: 4,
        read: (r) => r.nullableBytes(),
        write: (w, value) => w.nullableBytes(value as Uint8Array | null),
      }
    : { bytesMin: 4, read: (r) => r.bytes(), write: (w, value) => w.bytes(value as Uint8Array) };
}

function arrayCodec(element: Codec, flexible: boolean, nullable: boolean): Codec {
  return {
    bytesMin: flexible ? 1 : 4,
    read(reader) {
      const count = flexible
        ? reader.compactArrayLength(element.bytesMin)
        : reader.arrayLength(element.bytesMin);
      if (count < 0) {
        if (nullable) return null;
        throw new MalformedError('null where there must be an array');
      }
      const elements: unknown[] = [];
      for (let i = 0; i < count; i++) elements.push(element.read(reader));
      return elements;
    },
    write(writer, value) {
      const elements = value as readonly unknown[] | null;
      const count = elements === null ? -1 : elements.length;
      if (flexible) writer.unsignedVarint(count + 1);
      else writer.int32(count);
      for (let i = 0; i < count; i++) element.write(writer, (elements as readonly unknown[])[i]);
    },
  };
}

/** A structure that may be null has a byte in front that says so (KIP-893). */
function nullableStruct(codec: Codec): Codec {
  return {
    bytesMin: 1,
    read: (reader) => (reader.int8() < 0 ? null : codec.read(reader)),
    write(writer, value) {
      writer.int8(value === null ? -1 : 1);
      if (value !== null) codec.write(writer, value);
    },
  };
}

/** Refuses null before it becomes a crash somewhere inside. */
function refusingNull(path: string, codec: Codec): Codec {
  return {
    ...codec,
    write(writer, value) {
      if (value === null) throw new EncodeError(`${path} cannot be null`);
      codec.write(writer, value);
    },
  };
}

function compileField(path: string, field: AnyField, version: number, flexible: boolean): Codec {
  const { type } = field;
  const nullable = includesVersion(field.nullable, version);
  switch (type.kind) {
    case 'struct': {
      const codec = compileStruct(path, type.fields, version, flexible);
      return nullable ? nullableStruct(codec) : codec;
    }
    case 'array': {
      const codec = arrayCodec(compileField(path, type.element, version, flexible), flexible, nullable);
      return nullable ? codec : refusingNull(path, codec);
    }
    case 'string': {
      const codec = stringCodec(flexible, nullable);
      return nullable ? codec : refusingNull(path, codec);
    }
    case 'bytes': {
      const codec = bytesCodec(flexible, nullable);
      return nullable ? codec : refusingNull(path, codec);
    }
    default:
      return FIXED[type.kind];
  }
}

interface Step {
  readonly name: string;
  readonly fallback: unknown;
  /** Null for a field that is not there in this version, or is tagged. */
  readonly codec: Codec | null;
}

interface Tagged {
  readonly name: string;
  readonly tag: number;
  readonly field: AnyField;
  readonly codec: Codec;
}

/** Reads the tagged fields that are known into a structure, and skips the others. */
function readTagged(reader: Reader, tagged: readonly Tagged[], into: Struct): void {
  const count = reader.unsignedVarint();
  let previous = -1;
  for (let i = 0; i < count; i++) {
    const tag = (previous = reader.tag(previous));
    const sizeBytes = reader.unsignedVarint();
    const known = tagged.find((candidate) => candidate.tag === tag);
    if (known === undefined) {
      reader.raw(sizeBytes);
      continue;
    }
    const end = reader.position + sizeBytes;
    if (sizeBytes > reader.remaining) throw new MalformedError(`tag ${tag} ends beyond the message`);
    into[known.name] = known.codec.read(reader);
    if (reader.position !== end) throw new MalformedError(`tag ${tag} is not as long as it says`);
  }
}

function writeTagged(writer: Writer, tagged: readonly Tagged[], from: Struct): void {
  const present = tagged.filter(({ name, field }) => !isDefault(field, from[name]));
  writer.unsignedVarint(present.length);
  for (const { name, tag, codec } of present) {
    writer.unsignedVarint(tag);
    writer.sized(() => codec.write(writer, from[name]));
  }
}

/** @param path - what an error calls it */
export function compileStruct(path: string, fields: Fields, version: number, flexible: boolean): Codec {
  const steps: Step[] = [];
  const tagged: Tagged[] = [];
  const refused: { readonly name: string; readonly field: AnyField }[] = [];
  let bytesMin = flexible ? 1 : 0;
  for (const [name, field] of Object.entries(fields)) {
    const isThere = includesVersion(field.versions, version);
    const codec = isThere ? compileField(`${path}.${name}`, field, version, flexible) : null;
    const isTagged = field.tag !== null;
    if (codec !== null && isTagged) tagged.push({ name, tag: field.tag, field, codec });
    if (codec === null && !field.ignorable) refused.push({ name, field });
    if (codec !== null && !isTagged) bytesMin += codec.bytesMin;
    steps.push({ name, fallback: defaultOf(field), codec: isTagged ? null : codec });
  }
  if (tagged.length > 0 && !flexible) throw new Error(`${path}: a tag in version ${version}, not flexible`);
  tagged.sort((a, b) => a.tag - b.tag);
  const written = steps.filter((step) => step.codec !== null);
  return {
    bytesMin,
    read(reader) {
      const value: Struct = {};
      for (const { name, codec, fallback } of steps) {
        value[name] = codec === null ? fallback : codec.read(reader);
      }
      if (flexible) {
        if (tagged.length === 0) reader.skipTags();
        else readTagged(reader, tagged, value);
      }
      return value;
    },
    write(writer, value) {
      const from = value as Struct;
      for (const { name, field } of refused) {
        if (!isDefault(field, from[name])) {
          throw new EncodeError(`${path}.${name} cannot be said in version ${version}`);
        }
      }
      for (const { name, codec, fallback } of written) {
        const given = from[name];
        (codec as Codec).write(writer, given === undefined ? fallback : given);
      }
      if (!flexible) return;
      if (tagged.length === 0) writer.emptyTags();
      else writeTagged(writer, tagged, from);
    },
  };
}
