/** Tests in containers: they skip with the reason where no engine answers. */
import { requirement, type Requirement } from '../../../../test/require.ts';
import { connectEngine } from '../engine.ts';
import { messageOf } from '../../../errors.ts';

export async function dockerRequirement(): Promise<Requirement> {
  try {
    await connectEngine();
    return requirement('docker', true, '');
  } catch (thrown) {
    return requirement('docker', false, messageOf(thrown));
  }
}
