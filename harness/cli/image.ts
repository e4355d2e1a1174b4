/** `shaketable image build`: makes the image in which nodes of ours run in containers, with or without a registry. */
import type { Command } from 'commander';
import { imageTag, OFFICIAL_BASE } from '../cluster/docker/image/recipe.ts';
import { EXIT } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';

interface Options {
  readonly base?: string;
  readonly tag?: string;
}

const EXAMPLES = `
Examples:
  shaketable image build                        from the files of this machine (Linux): no registry is asked
  shaketable image build --base ${OFFICIAL_BASE}   on an official image, with packages from the network
  shaketable image build --tag ci/shaketable:1  under a name of yours: shaketable run … --image ci/shaketable:1

The image has Node.js, a shell and the firewall tools. The code of nodes is not in it: a run hands
it to each container. Without --tag it gets the name under which runs look for it.`;

export function addImageCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('image')
    .description('the image in which nodes run in containers')
    .command('build')
    .description('make the image from the files of this machine, or on a base image')
    .option('--base <image>', `build on this image, for example ${OFFICIAL_BASE}`)
    .option('--tag <tag>', `its name (default: ${imageTag()})`)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      await build(options, output);
      finish(EXIT.valid);
    });
}

async function build({ base, tag = imageTag() }: Options, output: Output): Promise<void> {
  const startMs = performance.now();
  // Docker's libraries take longer to load than all other commands to run.
  const [{ connectEngine }, { buildImage }] = await Promise.all([
    import('../cluster/docker/engine.ts'),
    import('../cluster/docker/image/build-image.ts'),
  ]);
  const engine = await connectEngine();
  output.note(
    base === undefined
      ? 'building from the files of this machine'
      : `building on ${base}: packages come from the network`,
  );
  const { sizeBytes } = await buildImage(engine, {
    base: base ?? null,
    tag,
    progress: (line) => output.note(line),
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  output.note(`${(sizeBytes / 1e6).toFixed(0)} MB in ${seconds} s`);
  output.print(tag);
}
