/**
 * The viewer as one script: browser/main.ts and what it imports, types stripped, in the order of their imports. Each
 * module becomes a function that takes what it imports from those before it and returns what it exports:
 *
 *     const m1 = (() => { … return { formatTime }; })();
 *     const m2 = (() => { const { formatTime } = m1; … })();
 *
 * No bundler: the modules keep to static imports of names without renaming, named exports of `const`, `function` and
 * `class`, and no cycles; the browser test fails on anything else. In the published package the modules are
 * JavaScript already and nothing is stripped.
 */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const IMPORT = /^import \{([^}]*)\} from '([^']+)';\n?/gm;
const EXPORT = /^export (?=(?:async )?(?:const|function|class) (\w+))/gm;

/** For a `<script type="module">`, which is strict and waits for the document. */
export function viewerScript(): string {
  const parts: string[] = [];
  const numbers = new Map<string, number>();
  const visit = (url: URL): number => {
    const known = numbers.get(url.href);
    if (known !== undefined) return known;
    const source = plainJavaScript(url);
    for (const [, , path] of source.matchAll(IMPORT)) visit(new URL(path as string, url));
    const number = numbers.size;
    numbers.set(url.href, number);
    const exported = [...source.matchAll(EXPORT)].map(([, name]) => name);
    const body = source
      .replace(
        IMPORT,
        (_, names: string, path: string) => `const {${names}} = m${visit(new URL(path, url))};\n`,
      )
      .replace(EXPORT, '');
    parts.push(`const m${number} = (() => {\n${body.trim()}\nreturn { ${exported.join(', ')} };\n})();\n`);
    return number;
  };
  visit(new URL(`./browser/main${EXTENSION}`, import.meta.url));
  return parts.join('');
}

export function viewerStyle(): string {
  return `${styleOf('report')}\n${drawingStyle()}`;
}

/** The part that drawings of anomalies need, here and elsewhere. */
export function drawingStyle(): string {
  return styleOf('drawing');
}

/** The colours of the page, light, by the name of their custom property without its dashes. */
export function lightColours(): ReadonlyMap<string, string> {
  const [root = ''] = /:root \{[^}]*\}/.exec(styleOf('report')) ?? [];
  return new Map(
    [...root.matchAll(/--([\w-]+): ([^;]+);/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

function styleOf(name: string): string {
  return readFileSync(new URL(`./browser/${name}.css`, import.meta.url), 'utf8');
}

export function plainJavaScript(url: URL): string {
  const source = readFileSync(url, 'utf8');
  if (EXTENSION === '.js') return source;
  // Node.js 24 calls stripTypeScriptTypes experimental on standard error: not the reader's business.
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    // Type-only imports vanish; lines that were only types become empty.
    return stripTypeScriptTypes(source)
      .replace(/[ \t]+$/gm, '')
      .replace(/\n{3,}/g, '\n\n');
  } finally {
    process.emitWarning = emitWarning;
  }
}
