/**
 * The engine contract, on the memory engine.
 */
import { engineSuite } from "../../src/testing/index.ts";
import { memorySubjects } from "./subjects.ts";

engineSuite("memory", memorySubjects.memory);
