/** `npm run bench [NAME…]`: prints the figures that the documentation states. Without a name, all of them. */
import { readdirSync } from 'node:fs';

interface Bench {
  run(): Promise<void> | void;
}

const folder = import.meta.dirname;
const known = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && name !== 'main.ts')
  .map((name) => name.slice(0, -'.ts'.length))
  .sort();
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`unknown benchmark "${unknown}": there is ${known.join(', ')}`);
  process.exit(64);
}
for (const name of asked.length === 0 ? known : asked) {
  console.log(`\n# ${name}`);
  const bench = (await import(`./${name}.ts`)) as Bench;
  await bench.run();
}
