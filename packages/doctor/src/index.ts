/**
 * The doctor: what a live path does, measured, and whom to blame. Names only.
 */
export { type ExamineOptions, examine, type Progress } from "./adapters/examine.ts";
export { type Ask, type AskOptions, askOptionDocs, type ProbeName, probeNames, resolveAsk } from "./ask.ts";
export { differences } from "./compare/findings.ts";
export { type Comparison, compareWithPath } from "./compare/path.ts";
export type { Diagnosis } from "./diagnoses/diagnosis.ts";
export { diagnose } from "./diagnoses/index.ts";
export type {
  BackendFact,
  CertificateFact,
  ControlFact,
  DeadlineFact,
  EventStreamFact,
  ExchangePhases,
  Facts,
  HelperFact,
  HopHint,
  HttpFact,
  IdleFact,
  IdleOf,
  KeepAliveFact,
  Known,
  Moving,
  NameFact,
  NotMeasured,
  OriginFacts,
  ResumptionFact,
  StreamRow,
  StreamWay,
  TcpFact,
  TlsFact,
  UpgradeFact,
  WebSocketFact,
} from "./facts.ts";
export { drawFindings } from "./render/findings.ts";
export { drawReport, type Report } from "./render/html.ts";
export { outlook } from "./render/outlook.ts";
export { drawComparison, drawFacts } from "./render/text.ts";
export { columnsDefault, wrap } from "./render/wrap.ts";
