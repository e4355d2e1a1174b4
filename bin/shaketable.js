#!/usr/bin/env node
import { launch } from './launch.js';

await launch('shaketable', 'harness/cli/main');
