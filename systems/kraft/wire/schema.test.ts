import { describe, expect, expectTypeOf, test } from 'vitest';
import { EncodeError, MalformedError, Reader, Writer, ZERO_UUID } from './bytes.ts';
import type { AnyMessage, Input, Message, Value } from './schema.ts';
import { api, array, boolean, bytes, int16, int32, int64, message, string, struct, uuid } from './schema.ts';
import type { RequestOf, ResponseInput } from './schema.ts';

const sample = message({
  name: 'Sample',
  versions: '0-3',
  flexible: '2+',
  fields: {
    id: int32(),
    names: array(struct({ name: string({ nullable: '1+' }) }), { nullable: '1+' }),
    strict: int16({ versions: '1+', default: 5 }),
    loose: boolean({ versions: '1+', default: true, ignorable: true }),
    old: int64({ versions: '0-1', default: -1, ignorable: true }),
    note: string({ versions: '2+', nullable: '2+', default: null, tag: 1 }),
    spot: struct({ x: int32({ default: -1 }), y: int32() }, { versions: '2+', tag: 0 }),
    data: bytes({ versions: '3+', ignorable: true }),
    topic: uuid({ versions: '3+' }),
  },
});

const DEFAULTS = {
  strict: 5,
  loose: true,
  old: -1,
  note: null,
  spot: { x: -1, y: 0 },
  data: new Uint8Array(0),
  topic: ZERO_UUID,
};

function encode(version: number, value: Input<typeof sample>): string {
  const writer = new Writer();
  sample.encode(writer, version, value);
  return Buffer.from(writer.take()).toString('hex');
}
const decode = (version: number, text: string): Value<typeof sample> =>
  sample.decode(new Reader(Buffer.from(text.replaceAll(' ', ''), 'hex')), version);

describe('fields by version', () => {
  test('what is not there is left out, and read as its default', () => {
    const text = encode(0, { id: 1, names: [{ name: 'a' }] });
    expect(text).toBe('00000001' + '00000001' + '000161' + 'ffffffffffffffff');
    expect(decode(0, text)).toEqual({ ...DEFAULTS, id: 1, names: [{ name: 'a' }] });
  });

  test('what is left out is written as its default', () => {
    expect(encode(1, { id: 1, names: null })).toBe(
      '00000001' + 'ffffffff' + '0005' + '01' + 'ffffffffffffffff',
    );
  });

  test('flexible: compact lengths and tags in their order', () => {
    const text = encode(2, { id: 1, names: [{ name: null }], note: 'n', spot: { x: 2, y: 3 } });
    expect(text).toBe(
      '00000001' +
        '02' +
        '00' +
        '00' +
        '0005' +
        '01' +
        '02' +
        '00' +
        '09' +
        '0000000200000003' +
        '00' +
        '01' +
        '02' +
        '026e',
    );
    expect(decode(2, text)).toMatchObject({ note: 'n', spot: { x: 2, y: 3 } });
  });

  test('tagged fields that have their defaults are not written', () => {
    expect(encode(2, { id: 1, names: [], note: null, spot: { x: -1, y: 0 } })).toMatch(/00$/);
    expect(encode(2, { id: 1, names: [] })).toBe('00000001' + '01' + '0005' + '01' + '00');
  });

  test('a field that may not be lost refuses an older version', () => {
    expect(() => encode(0, { id: 1, names: [], strict: 6 })).toThrow(
      'Sample.strict cannot be said in version 0',
    );
    expect(() => encode(0, { id: 1, names: [], strict: 5, loose: false })).not.toThrow();
    expect(() => encode(1, { id: 1, names: [], note: 'n' })).toThrow(EncodeError);
    expect(() => encode(1, { id: 1, names: [], spot: { y: 1 } })).toThrow(EncodeError);
    expect(() => encode(1, { id: 1, names: [], topic: 'AAECAwQFBgcICQoLDA0ODw' })).toThrow(EncodeError);
  });

  test('null only where it may be', () => {
    expect(() => encode(0, { id: 1, names: null })).toThrow('Sample.names cannot be null');
    expect(() => encode(0, { id: 1, names: [{ name: null }] })).toThrow(EncodeError);
    expect(() => decode(0, '00000001 ffffffff')).toThrow(MalformedError);
    expect(() => decode(0, '00000001 00000001 ffff')).toThrow(MalformedError);
  });

  test('versions that are not', () => {
    expect(() => encode(4, { id: 1, names: [] })).toThrow(EncodeError);
    expect(() => decode(-1, '')).toThrow(MalformedError);
    expect(sample.supports(3)).toBe(true);
    expect(sample.supports(4)).toBe(false);
  });
});

describe('tags that others write', () => {
  const before = '00000001 01 0005 01';

  test('unknown ones are skipped, known ones between them are read', () => {
    expect(decode(2, `${before} 02 01 02 026e 09 03 aabbcc`)).toMatchObject({ note: 'n' });
  });

  test.each([
    ['a known one that is shorter than it says', '01 01 03 026e00'],
    ['a known one that is longer than it says', '01 01 01 026e'],
    ['one that ends beyond the message', '01 01 05 026e'],
    ['out of order', '02 01 02 026e 00 09 0000000200000003 00'],
    ['twice', '02 01 02 026e 01 02 026e'],
  ])('%s', (_, tags) => {
    expect(() => decode(2, `${before} ${tags}`)).toThrow(MalformedError);
  });
});

test('an array that cannot fit is refused before its elements are read', () => {
  expect(() => decode(0, '00000001 7fffffff 000161')).toThrow('an array of 2147483647 elements in 3 bytes');
});

test('a tag in a version that is not flexible is a mistake of the schema', () => {
  const wrong: Message<{ tagged: ReturnType<typeof int32> }> = message({
    name: 'Wrong',
    versions: '0',
    flexible: 'none',
    fields: { tagged: int32({ tag: 0 }) },
  });
  expect(() => wrong.encode(new Writer(), 0, { tagged: 1 })).toThrow('not flexible');
});

test('the types say what is read and what may be left out', () => {
  expectTypeOf<Value<typeof sample>['names']>().toEqualTypeOf<
    readonly { readonly name: string | null }[] | null
  >();
  expectTypeOf<Value<typeof sample>['strict']>().toEqualTypeOf<number>();
  expectTypeOf<Input<typeof sample>>().toExtend<{
    readonly id: number;
    readonly strict?: number | undefined;
  }>();
  expectTypeOf<Value<typeof sample>>().toExtend<Input<typeof sample>>();
  // @ts-expect-error: id has no default, and the compiler is who says so.
  expect(encode(0, { names: [] })).toMatch(/^00000000/);

  const pair = api({
    key: 900,
    name: 'Pair',
    versions: '0',
    flexible: 'none',
    request: { left: int32() },
    response: { right: int32({ default: 1 }) },
  });
  expectTypeOf<RequestOf<typeof pair>>().toEqualTypeOf<{ readonly left: number }>();
  expectTypeOf<ResponseInput<typeof pair>>().toExtend<{ readonly right?: number | undefined }>();
  const request: AnyMessage = pair.request;
  expect(request.name).toBe('PairRequest');
});

test('a structure that may be null has a byte in front of it', () => {
  const page = message({
    name: 'Page',
    versions: '0',
    flexible: '0+',
    fields: { next: struct({ topic: string(), partition: int16() }, { nullable: '0+', default: null }) },
  });
  const hex = (value: Input<typeof page>): string => {
    const writer = new Writer();
    page.encode(writer, 0, value);
    return Buffer.from(writer.take()).toString('hex');
  };
  expect(hex({})).toBe('ff' + '00');
  expect(hex({ next: { topic: 'a', partition: 3 } })).toBe('01' + '0261' + '0003' + '00' + '00');
  const decoded = (text: string): unknown => page.decode(new Reader(Buffer.from(text, 'hex')), 0);
  expect(decoded('ff00')).toEqual({ next: null });
  expect(decoded('01026100030000')).toEqual({ next: { topic: 'a', partition: 3 } });
  expect(() => decoded('0102610003')).toThrow(MalformedError);
});
