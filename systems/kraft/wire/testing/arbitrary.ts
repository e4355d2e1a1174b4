/**
 * Random values of a message in one version, derived from its schema.
 *
 *     fc.property(bodyOf(APIS.fetch.request, 11), (body) => …)
 *
 * A body is what decoding gives: every field is there, and one that the version does not have holds its default.
 */
import fc from 'fast-check';
import { uuidFromBytes } from '../bytes.ts';
import { defaultOf } from '../codec.ts';
import type { AnyField, Fields } from '../field.ts';
import { includesVersion } from '../versions.ts';

const ELEMENTS_MAX = 3;

const integer = (min: number, max: number) =>
  fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, 0, 1, Math.max(min, -1)));

const int64 = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(-1, 0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0xffff_ffff, 0x1_0000_0000),
);

/** ASCII mostly, as names are; lone surrogates have no UTF-8. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'grapheme-ascii', minLength: 60, maxLength: 70 }),
);

const bytes = fc.uint8Array({ maxLength: 70 });

const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((raw) => uuidFromBytes(raw) as string);

function valueOf(field: AnyField, version: number): fc.Arbitrary<unknown> {
  const value = notNull(field, version);
  return includesVersion(field.nullable, version) ? fc.option(value, { freq: 3 }) : value;
}

function notNull({ type }: AnyField, version: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'boolean':
      return fc.boolean();
    case 'int8':
      return integer(-0x80, 0x7f);
    case 'int16':
      return integer(-0x8000, 0x7fff);
    case 'uint16':
      return integer(0, 0xffff);
    case 'int32':
      return integer(-0x8000_0000, 0x7fff_ffff);
    case 'int64':
      return int64;
    case 'string':
      return text;
    case 'bytes':
      return bytes;
    case 'uuid':
      return uuid;
    case 'array':
      return fc.array(valueOf(type.element, version), { maxLength: ELEMENTS_MAX });
    case 'struct':
      return bodyOf(type, version);
  }
}

/** @param message - or a structure in one */
export function bodyOf(
  { fields }: { readonly fields: Fields },
  version: number,
): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        includesVersion(field.versions, version) ? valueOf(field, version) : fc.constant(defaultOf(field)),
      ]),
    ),
    { noNullPrototype: true },
  );
}
