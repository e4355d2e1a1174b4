/**
 * The viewer as one script: browser/main.ts and what it imports, types stripped, in the order of their imports,
 * without the import and export words. No bundler: the modules follow three rules that tests check.
 *
 * - Imports are static, of names, from `./x.ts` (or types from the data contract).
 * - Top-level names are unique over all modules (the browser refuses the script otherwise).
 * - No default export, no re-export, no renaming import.
 *
 * In the published package the modules are JavaScript already and nothing is stripped.
 */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const IMPORT = /^import\s[^;]*?from '([^']+)';\n?/gm;

/** @returns classic-free module code: put it into `<script type="module">` */
export function viewerScript(): string {
  const parts: string[] = [];
  const seen = new Set<string>();
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const source = plainJavaScript(url);
    for (const [, path] of source.matchAll(IMPORT)) visit(new URL(path as string, url));
    parts.push(source.replace(IMPORT, '').replace(/^export (?=\w)/gm, ''));
  };
  visit(new URL(`./browser/main${EXTENSION}`, import.meta.url));
  return parts.join('\n');
}

export function viewerStyle(): string {
  return readFileSync(new URL('./browser/report.css', import.meta.url), 'utf8');
}

function plainJavaScript(url: URL): string {
  const source = readFileSync(url, 'utf8');
  if (EXTENSION === '.js') return source;
  // Node.js 24 calls stripTypeScriptTypes experimental on standard error, each time: not the reader's business.
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    // Type-only imports vanish; lines that were only types become empty.
    return stripTypeScriptTypes(source)
      .replace(/^[ \t]+$/gm, '')
      .replace(/\n{3,}/g, '\n\n');
  } finally {
    process.emitWarning = emitWarning;
  }
}
