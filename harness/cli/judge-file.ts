/** A history that others recorded, from its file to its verdict and its report: for `check` and `report`. */
import type { Checker } from '../../checkers/checker.ts';
import { statistics, vacuity } from '../../checkers/statistics/index.ts';
import { renderReport } from '../../results/report/build-report.ts';
import { collectReportData } from '../../results/report/collect-data.ts';
import type { ReportData } from '../../results/report/report-data.ts';
import { checkBudget } from './check-budget.ts';
import type { ChooseJudge } from './choose-judge.ts';
import { type HistoryFile, readHistoryFile } from './history-file.ts';
import { type Judgement, judgeHistory } from './judge.ts';
import type { Output } from './output.ts';
import { ownCommandLine } from './replay-command.ts';
import { about, errorAbout } from './saved-run.ts';

export interface JudgeFileOptions {
  readonly chooseJudge: ChooseJudge;
  readonly budgetMs: number;
  readonly output: Output;
  /** Called with what was presumed, before the check, which may take long. */
  readonly onNotes: (notes: readonly string[]) => void;
}

export interface JudgedFile extends Judgement, HistoryFile {
  /** Who judged it. */
  readonly judge: string;
  readonly checkMs: number;
}

/** @throws HarnessError that names the path */
export function judgeFile(path: string, options: JudgeFileOptions): Promise<JudgedFile> {
  return judgeFound(readHistoryFile(path), options, path);
}

/** @param path - as the user named it */
export async function judgeFound(
  found: HistoryFile,
  options: JudgeFileOptions,
  path = found.file,
): Promise<JudgedFile> {
  const { chooseJudge, budgetMs, output, onNotes } = options;
  const startedMs = performance.now();
  const { file, history } = found;
  const judge = about(path, () => chooseJudge(history));
  const notes = [...found.notes, ...judge.notes.map((note) => `${path}: ${note}`)];
  onNotes(notes);
  const checkers: readonly Checker[] = [...judge.checkers, vacuity(judge), statistics()];
  const input = { history, ...checkBudget({ output, label: file, budgetMs }) };
  const judgement = await judgeHistory(checkers, input).catch((error: unknown) => {
    throw errorAbout(path, error);
  });
  return { ...found, notes, ...judgement, judge: judge.name, checkMs: performance.now() - startedMs };
}

export function reportOfFile(judged: JudgedFile): string {
  return renderReport(reportDataOfFile(judged));
}

export function reportDataOfFile({
  file,
  format,
  history,
  judge,
  valid,
  verdicts,
  notes,
}: JudgedFile): ReportData {
  const test = { file, judge, format, commandLine: ownCommandLine() };
  return collectReportData({ test, history, trace: [], valid, verdicts, notes });
}
