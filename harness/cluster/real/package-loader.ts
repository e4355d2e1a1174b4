/**
 * Loads a package of npm anew, unmodified, for code that must not touch the world by itself: its modules see the globals that
 * they are given instead of Node's, and may require what they are given instead of Node's modules. So a driver that was
 * written for Node.js runs in the simulator, on an Endpoint's clock and connections.
 *
 *     const { Kafka } = loadPackage('kafkajs', { globals: { setTimeout, Date, Math, … }, modules: { zlib: … } });
 *
 * CommonJS only. Each call makes instances of all modules; their compiled code is shared. Of Node's own modules only those
 * that are pure functions are there without being given: `assert`, `events`, `util`. It keeps nobody out who wants to get out: what
 * is found through an object's constructor is Node's own.
 */
import assert from 'node:assert';
import events from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import util from 'node:util';
import { compileFunction } from 'node:vm';
import type { PackageSandbox } from '../../../systems/system.ts';
import { HarnessError } from '../../errors.ts';

const PURE: Readonly<Record<string, unknown>> = { assert, events, util };

type ModuleCode = (...values: readonly unknown[]) => void;

/** By file and names of globals. */
const compiled = new Map<string, ModuleCode>();

const requireHere = createRequire(import.meta.url);

/**
 * @returns what the package's main module exports
 * @throws HarnessError `client` for a package that is not installed, or that requires what it was not given
 */
export function loadPackage(name: string, { globals, modules }: PackageSandbox): unknown {
  const loaded = new Map<string, { exports: unknown }>();
  const names = Object.keys(globals);
  const values = Object.values(globals);

  const load = (file: string): unknown => {
    const existing = loaded.get(file);
    if (existing !== undefined) return existing.exports;
    const module: { exports: unknown } = { exports: {} };
    loaded.set(file, module);
    if (file.endsWith('.json')) module.exports = JSON.parse(readFileSync(file, 'utf8'));
    else compile(file, names)(module.exports, requireFrom(file), module, file, dirname(file), ...values);
    return module.exports;
  };
  const requireFrom = (file: string) => {
    const { resolve } = createRequire(file);
    return (request: string): unknown => {
      const bare = request.replace(/^node:/, '');
      if (Object.hasOwn(modules, bare)) return modules[bare];
      if (Object.hasOwn(PURE, bare)) return PURE[bare];
      if (isBuiltin(request)) {
        throw new HarnessError('client', `${name} requires ${request}, which it was not given (${file})`);
      }
      return load(resolve(request));
    };
  };
  let main: string;
  try {
    main = requireHere.resolve(name);
  } catch (cause) {
    throw new HarnessError('client', `the package ${name} is not installed`, { cause });
  }
  return load(main);
}

function compile(file: string, names: readonly string[]): ModuleCode {
  const key = [file, ...names].join('\0');
  let code = compiled.get(key);
  if (code === undefined) {
    const parameters = ['exports', 'require', 'module', '__filename', '__dirname', ...names];
    code = compileFunction(readFileSync(file, 'utf8'), parameters, { filename: file }) as ModuleCode;
    compiled.set(key, code);
  }
  return code;
}
