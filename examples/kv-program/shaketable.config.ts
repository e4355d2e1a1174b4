/** What is named here is known by name: `npx shaketable run kv register`, `npx shaketable list systems`. */
import { defineConfig } from 'shaketable';
import kv from './shake/kv-system.ts';
import oneRegister from './shake/my-workload.ts';

export default defineConfig({ systems: [kv], workloads: [oneRegister] });
