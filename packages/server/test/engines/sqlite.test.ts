/**
 * The engine contract, on the sqlite engine.
 */
import { engineSuite } from "../../src/testing/index.ts";
import { sqliteSubject } from "./subjects.ts";

engineSuite("sqlite", sqliteSubject, { modelRuns: 15 });
