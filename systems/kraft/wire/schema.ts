/**
 * A small language for Kafka's messages: one definition gives the codec of every version and the TypeScript types.
 *
 *     const metadataRequest = message({
 *       name: 'MetadataRequest',
 *       versions: '0-8',
 *       flexible: '9+',
 *       fields: {
 *         topics: array(struct({ name: string() }), { nullable: '1+' }),
 *         allowAutoTopicCreation: boolean({ versions: '4+', default: true }),
 *       },
 *     });
 *     metadataRequest.encode(writer, 8, { topics: [{ name: 'orders' }] });
 *     metadataRequest.decode(reader, 8); // { topics: [{ name: 'orders' }], allowAutoTopicCreation: true }
 *
 * The options are those of Kafka's own definitions, so that the two can be compared line by line:
 *
 *     versions   in which the field is there; otherwise it is read as its default, and left out when written
 *     nullable   in which it may be null
 *     default    otherwise zero, false, '', empty
 *     ignorable  whether a value may be lost in a version without the field; if not, and it is not the default,
 *                writing it is refused (KIP-482's rule): the receiver would act on less than was said
 *     tag        of a tagged field, which is left out where it has its default
 *
 * Flexible versions write compact lengths and end every structure with its tagged fields; unknown tags are skipped
 * and not kept. What may be left out in a value to encode is what has a default, a tag, or not every version.
 */
import type { Reader, Writer } from './bytes.ts';
import { EncodeError, MalformedError } from './codec-error.ts';
import type { Codec } from './codec.ts';
import { compileStruct } from './codec.ts';
import type { Field, Fields, FieldType, PrimitiveKind } from './field.ts';
import type { VersionRange, VersionText } from './versions.ts';
import { includesVersion, NO_VERSION, parseVersions } from './versions.ts';

export type { AnyField, Field, Fields } from './field.ts';

export interface FieldOptions<V> {
  readonly versions?: VersionText;
  readonly nullable?: VersionText;
  readonly default?: V | null;
  readonly ignorable?: boolean;
  readonly tag?: number;
}

type None = Record<never, never>;
type OrNull<V, O> = O extends { readonly nullable: string } ? V | null : V;
type MayBeLeftOut<O> = O extends
  { readonly default: unknown } | { readonly versions: string } | { readonly tag: number }
  ? true
  : false;
type FieldOf<V, I, O> = Field<OrNull<V, O>, OrNull<I, O>, MayBeLeftOut<O>>;

type ValueOfField<F> = F extends Field<infer V, unknown, boolean> ? V : never;
type InputOfField<F> = F extends Field<unknown, infer I, boolean> ? I : never;
type OptionalNames<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<unknown, unknown, infer O> ? (O extends true ? K : never) : never;
}[keyof F];

/** What a structure is read as: every field is there. */
export type ValueOfFields<F extends Fields> = { readonly [K in keyof F]: ValueOfField<F[K]> };

/** What a structure is written from. */
export type InputOfFields<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalNames<F>>]: InputOfField<F[K]>;
} & { readonly [K in OptionalNames<F>]?: InputOfField<F[K]> | undefined };

function field<V, I, O>(type: FieldType, options: FieldOptions<V> = {}): FieldOf<V, I, O> {
  const { versions = '0+', nullable = 'none', ignorable = false, tag = null } = options;
  return {
    type,
    versions: parseVersions(versions),
    nullable: nullable === 'none' ? NO_VERSION : parseVersions(nullable),
    default: options.default,
    ignorable,
    tag,
  };
}

/** A constructor of fields of one primitive type. */
function primitive<V>(kind: PrimitiveKind) {
  return <const O extends FieldOptions<V> = None>(options?: O): FieldOf<V, V, O> =>
    field<V, V, O>({ kind }, options);
}

export const boolean = primitive<boolean>('boolean');
export const int8 = primitive<number>('int8');
export const int16 = primitive<number>('int16');
export const uint16 = primitive<number>('uint16');
export const int32 = primitive<number>('int32');
export const int64 = primitive<number>('int64');
export const string = primitive<string>('string');
/** Read as a view into the frame. */
export const bytes = primitive<Uint8Array>('bytes');
export const uuid = primitive<string>('uuid');

export function array<V, I, const O extends FieldOptions<readonly V[]> = None>(
  element: Field<V, I, boolean>,
  options?: O,
): FieldOf<readonly V[], readonly I[], O> {
  return field<readonly V[], readonly I[], O>({ kind: 'array', element }, options);
}

export function struct<const F extends Fields, const O extends FieldOptions<never> = None>(
  fields: F,
  options?: O,
): FieldOf<ValueOfFields<F>, InputOfFields<F>, O> {
  return field<ValueOfFields<F>, InputOfFields<F>, O>({ kind: 'struct', fields }, options);
}

export interface MessageDefinition<F extends Fields> {
  readonly name: string;
  /** Those that can be encoded and decoded. */
  readonly versions: VersionText;
  readonly flexible: VersionText;
  readonly fields: F;
}

export class Message<F extends Fields> {
  readonly name: string;
  readonly versions: VersionRange;
  readonly fields: F;
  private readonly flexible: VersionRange;
  /** By version; compiled when it is first used. */
  private readonly codecs: (Codec | undefined)[] = [];

  constructor(definition: MessageDefinition<F>) {
    this.name = definition.name;
    this.versions = parseVersions(definition.versions);
    this.flexible = parseVersions(definition.flexible);
    this.fields = definition.fields;
  }

  supports(version: number): boolean {
    return includesVersion(this.versions, version);
  }

  isFlexible(version: number): boolean {
    return includesVersion(this.flexible, version);
  }

  private codec(version: number): Codec | null {
    const compiled = this.codecs[version];
    if (compiled !== undefined) return compiled;
    if (!this.supports(version) || !Number.isInteger(version)) return null;
    return (this.codecs[version] = compileStruct(this.name, this.fields, version, this.isFlexible(version)));
  }

  /** @throws EncodeError for a value that this version cannot say, or a version that there is not */
  encode(writer: Writer, version: number, value: InputOfFields<F>): void {
    const codec = this.codec(version);
    if (codec === null) throw new EncodeError(`${this.name} has no version ${version}`);
    codec.write(writer, value);
  }

  /**
   * What follows the message is left where it is: Kafka reads requests so, and a newer peer may say more.
   * @throws MalformedError
   */
  decode(reader: Reader, version: number): ValueOfFields<F> {
    const codec = this.codec(version);
    if (codec === null) throw new MalformedError(`${this.name} has no version ${version}`);
    return codec.read(reader) as ValueOfFields<F>;
  }
}

export function message<const F extends Fields>(definition: MessageDefinition<F>): Message<F> {
  return new Message(definition);
}

export type AnyMessage = Message<Fields>;
/** What a message decodes to. */
export type Value<M> = M extends Message<infer F> ? ValueOfFields<F> : never;
/** What a message encodes from: what has a default may be left out. */
export type Input<M> = M extends Message<infer F> ? InputOfFields<F> : never;

/** One request and its response, which have the same versions. */
export interface Api<Q extends Fields = Fields, S extends Fields = Fields> {
  readonly key: number;
  /** As Kafka writes it: `ListOffsets`. */
  readonly name: string;
  readonly request: Message<Q>;
  readonly response: Message<S>;
}

export interface ApiDefinition<Q extends Fields, S extends Fields> {
  readonly key: number;
  readonly name: string;
  readonly versions: VersionText;
  readonly flexible: VersionText;
  readonly request: Q;
  readonly response: S;
}

export function api<const Q extends Fields, const S extends Fields>(
  definition: ApiDefinition<Q, S>,
): Api<Q, S> {
  const { key, name, versions, flexible } = definition;
  return {
    key,
    name,
    request: message({ name: `${name}Request`, versions, flexible, fields: definition.request }),
    response: message({ name: `${name}Response`, versions, flexible, fields: definition.response }),
  };
}

export type RequestOf<A> = A extends Api<infer Q> ? ValueOfFields<Q> : never;
export type RequestInput<A> = A extends Api<infer Q> ? InputOfFields<Q> : never;
export type ResponseOf<A> = A extends Api<Fields, infer S> ? ValueOfFields<S> : never;
export type ResponseInput<A> = A extends Api<Fields, infer S> ? InputOfFields<S> : never;
