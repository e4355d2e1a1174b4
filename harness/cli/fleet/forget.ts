/** `shaketable fleet forget`: takes a sweep out of the Redis. */
import { EXIT } from '../../errors.ts';
import type { ScreenOutput } from '../output.ts';
import { withStore } from './store.ts';
import { SweepWatch } from './watch.ts';

export async function forget(
  id: string,
  options: { readonly redis?: string },
  output: ScreenOutput,
): Promise<number> {
  await withStore(options.redis, { isPatient: false }, async (store) => {
    const watch = new SweepWatch(store, await store.open(id));
    await watch.forget();
    await watch.close();
  });
  output.print(`${id} is forgotten`);
  return EXIT.valid;
}
