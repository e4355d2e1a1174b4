/**
 * `npm run layers`: checks who imports what against .dependency-cruiser.cjs, and that the check saw the code. A cruiser
 * that cannot read TypeScript finds no imports, hence no violations, and passes; so it fails here unless it saw every
 * source file on the disk and followed imports out of most of them.
 */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cruise } from 'dependency-cruiser';
import type { ICruiseResult, IConfiguration } from 'dependency-cruiser';
import extractTypeScriptConfig from 'dependency-cruiser/config-utl/extract-ts-config';

export const LAYERED_FOLDERS = ['api', 'harness', 'checkers', 'nemeses', 'workloads', 'systems', 'results'];

/** On average a module of ours imports more than this many others; a blind cruiser sees none. */
const IMPORTS_PER_MODULE_MIN = 2;

export interface LayerReport {
  readonly modules: number;
  readonly dependencies: number;
  /** One line each; empty when all is well. */
  readonly problems: readonly string[];
}

/** @param root - a checkout, or a folder that is laid out like one */
export async function checkLayers(root: string): Promise<LayerReport> {
  const require = createRequire(import.meta.url);
  const config = require('../../.dependency-cruiser.cjs') as IConfiguration;
  const folders = LAYERED_FOLDERS.filter((folder) => sourceFiles(root, folder).length > 0);
  const tsConfig = extractTypeScriptConfig(join(import.meta.dirname, '../../tsconfig.json'));
  const reporterOutput = await cruise(
    folders,
    { ...config.options, ruleSet: { forbidden: config.forbidden ?? [] }, validate: true, baseDir: root },
    undefined,
    { tsConfig },
  );
  const result = reporterOutput.output as ICruiseResult;
  const seen = new Set(result.modules.map((module) => module.source));
  const own = result.modules.filter((module) =>
    folders.some((folder) => module.source.startsWith(`${folder}/`)),
  );
  const dependencies = own.reduce((sum, module) => sum + module.dependencies.length, 0);
  const problems = result.summary.violations.map(
    ({ rule, from, to, cycle }) =>
      `${rule.name}: ${from} → ${cycle === undefined ? to : cycle.map((step) => step.name).join(' → ')}`,
  );
  const unseen = folders.flatMap((folder) => sourceFiles(root, folder)).filter((file) => !seen.has(file));
  for (const file of unseen)
    problems.push(`not seen: ${file} is on the disk, and the cruiser did not read it`);
  if (own.length === 0) problems.push('no module was seen at all');
  if (dependencies < own.length * IMPORTS_PER_MODULE_MIN) {
    problems.push(`only ${dependencies} imports in ${own.length} modules were seen: can it read TypeScript?`);
  }
  return { modules: own.length, dependencies, problems };
}

function sourceFiles(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.ts') && !name.startsWith('results/runs/'))
    .sort();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { modules, dependencies, problems } = await checkLayers(join(import.meta.dirname, '../..'));
  for (const problem of problems) console.error(problem);
  console.log(`layers: ${modules} modules, ${dependencies} imports, ${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
