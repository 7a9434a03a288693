/**
 * What a case hands back: figures for programs, tables and bars for people, and the aims with what was reached.
 * Data only; page/ and run.ts decide how it looks.
 */

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Aim {
  readonly what: string;
  readonly aim: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Ours, to be seen at once. */
  readonly ours: boolean;
}

export interface Chart {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
}

export interface CaseResult {
  readonly name: string;
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  readonly aims: readonly Aim[];
  /** What a reader must know to judge these figures: what was scaled down, what could not be measured. */
  readonly notes: readonly string[];
  /** The same figures by name, for programs. */
  readonly figures: Readonly<Record<string, number>>;
}

/** How a case is run. */
export interface CaseSettings {
  /** Small numbers: proves that the case runs and that its counts are right. Its figures mean nothing. */
  readonly smoke: boolean;
  /** Other checkouts whose Holdfast is measured beside this one. */
  readonly against: readonly string[];
  /** Where cases may put files; on the file system that is to be measured. */
  readonly directory: string;
  /** False when the packages to compare with are not installed: those contenders are left out. */
  readonly peers: boolean;
  readonly progress: (step: string) => void;
}

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  /** The page of docs/ that has its markers. Default: performance.md. */
  readonly page?: string;
  run(settings: CaseSettings): Promise<CaseResult>;
}
