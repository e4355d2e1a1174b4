/**
 * What a schema knows of a field: the data that schema.ts builds and codec.ts compiles.
 *
 *     int32({ versions: '4+', default: -1 }).versions // { min: 4, max: Infinity }
 */
import type { VersionRange } from './versions.ts';

export type PrimitiveKind =
  'boolean' | 'int8' | 'int16' | 'uint16' | 'int32' | 'int64' | 'string' | 'bytes' | 'uuid';

export type FieldType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'array'; readonly element: AnyField }
  | { readonly kind: 'struct'; readonly fields: Fields };

/** @typeParam V - what is read; @typeParam I - what is written; @typeParam O - whether it may be left out there */
export interface Field<V, I, O extends boolean> {
  readonly type: FieldType;
  readonly versions: VersionRange;
  readonly nullable: VersionRange;
  /** Undefined: the type's own zero. */
  readonly default: unknown;
  readonly ignorable: boolean;
  readonly tag: number | null;
  /** Never there: it carries the types. */
  readonly types?: { readonly value: V; readonly input: I; readonly optional: O };
}

export type AnyField = Field<unknown, unknown, boolean>;
export type Fields = Readonly<Record<string, AnyField>>;
