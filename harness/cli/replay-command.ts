/** The command that does a saved run again, to be copied into a shell. */
export function replayCommand(path: string): string {
  return `npx shaketable replay ${quote(path)}`;
}

/** This command line as a shell would take it. */
export function ownCommandLine(): string {
  return ['shaketable', ...process.argv.slice(2)].map(quote).join(' ');
}

/** Plain when no shell could misread it. */
function quote(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
