/** The command that does a saved run again, to be copied into a shell. */
export function replayCommand(path: string): string {
  return `npx shaketable replay ${quote(path)}`;
}

/** Plain when no shell could misread it. */
function quote(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
