/** `shaketable fleet forget`: takes a sweep out of the Redis. */
import { EXIT } from '../../errors.ts';
import type { ScreenOutput } from '../output.ts';
import { connect, redisUrl } from './redis.ts';
import { FleetStore } from './store.ts';
import { SweepWatch } from './watch.ts';

export async function forget(
  id: string,
  options: { readonly redis?: string },
  output: ScreenOutput,
): Promise<number> {
  const store = new FleetStore(await connect(redisUrl(options.redis), { isPatient: false }));
  const watch = new SweepWatch(store, await store.open(id));
  await watch.forget();
  await watch.close();
  store.redis.disconnect();
  output.print(`${id} is forgotten`);
  return EXIT.valid;
}
