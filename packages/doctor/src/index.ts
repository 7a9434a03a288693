/**
 * The doctor: what a live path does, measured, and whom to blame. Names only.
 */
export { type ExamineOptions, examine, type Progress } from "./adapters/examine.ts";
export { type Ask, type AskOptions, askOptionDocs, type ProbeName, probeNames, resolveAsk } from "./ask.ts";
export { type Diagnosis, diagnose } from "./diagnoses/index.ts";
export type {
  CertificateFact,
  ControlFact,
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
  ResumptionFact,
  TcpFact,
  TlsFact,
  WebSocketFact,
} from "./facts.ts";
export { drawFindings } from "./render/findings.ts";
export { drawFacts } from "./render/text.ts";
