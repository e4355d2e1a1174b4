/**
 * Paths as people read them and as files keep them: relative to the working directory where they are below it, with `/`.
 *
 *     shortPath('/…/project/shake/kv.ts')   // 'shake/kv.ts' in the project's folder, '../shake/kv.ts' in one below
 */
import { relative, resolve } from 'node:path';

/** More steps up than this, and the whole path says more. */
const STEPS_UP_MAX = 3;

export function shortPath(path: string): string {
  const whole = resolve(path);
  const short = relative('.', whole).replaceAll('\\', '/');
  return short === '' || short.startsWith('../'.repeat(STEPS_UP_MAX + 1)) ? whole : short;
}
