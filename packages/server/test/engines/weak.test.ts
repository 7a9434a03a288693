/**
 * The engine contract, on the weak engine.
 */
import { engineSuite } from "../../src/testing/index.ts";
import { memorySubjects } from "./subjects.ts";

engineSuite("weak", memorySubjects.weak);
