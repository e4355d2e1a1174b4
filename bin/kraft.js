#!/usr/bin/env node
import { launch } from './launch.js';

await launch('kraft', 'systems/kraft/cli/main');
