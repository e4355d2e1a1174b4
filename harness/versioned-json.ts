/**
 * Files that are one JSON value with the name and the version of a format in it.
 *
 *     const plan = parseVersionedJson(text, path, { format: 'shaketable-plan', version: 1, foreign: 'is no plan', schema });
 *
 * What files of lines have of it is in `history/versioned-lines.ts`.
 */
import { z } from 'zod';
import { HarnessError } from './errors.ts';

export interface JsonFormat<T> {
  readonly format: string;
  readonly version: number;
  /** Of a file of another format, behind its path: `is no verdict of Shaketable`. */
  readonly foreign: string;
  readonly schema: z.ZodType<T>;
}

const headerSchema = z.object({ format: z.string(), version: z.number() });

/**
 * @param path - for messages
 * @throws HarnessError `bad-format` or `unsupported-version`, in one line that names the file and the field
 */
export function parseVersionedJson<T>(text: string, path: string, wanted: JsonFormat<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new HarnessError('bad-format', `${path} is not JSON: is it cut off?`, { cause: error });
  }
  const header = headerSchema.safeParse(json);
  if (!header.success || header.data.format !== wanted.format)
    throw new HarnessError('bad-format', `${path} ${wanted.foreign}`);
  if (header.data.version !== wanted.version) {
    throw new HarnessError(
      'unsupported-version',
      `${path} has format version ${header.data.version}; this Shaketable reads version ${wanted.version}`,
    );
  }
  const parsed = wanted.schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HarnessError(
    'bad-format',
    `${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`,
  );
}
