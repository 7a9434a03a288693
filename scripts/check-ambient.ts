/**
 * Refuses ambient clocks, randomness, input and output outside adapters: what a file may reach comes through `Env`.
 * It asks the compiler what a name means, so a local variable called `performance` is fine and a renamed global is not.
 * Types are free: they are erased. The rules are data, in lib/ambient-rules.ts.
 */
import { isBuiltin } from "node:module";
import type { Identifier } from "typescript/unstable/ast";
import * as is from "typescript/unstable/ast/is";
import { SymbolFlags } from "typescript/unstable/sync";
import { forbiddenGlobals, forbiddenMembers, type ImportUse, importFault, isInScope, isPure } from "./lib/ambient-rules.ts";
import { projectFiles, repositoryRoot } from "./lib/files.ts";
import { type Finding, isProgram, report } from "./lib/findings.ts";
import {
  type Checker,
  eachChild,
  importSpecifiers,
  lineOf,
  type Node,
  openProject,
  SyntaxKind,
  type TypeScriptFile,
  type TypeScriptProject,
} from "./lib/project.ts";

type Add = (node: Node, message: string) => void;

const watched: readonly string[] = [...forbiddenGlobals, ...forbiddenMembers.keys()];

/** All violations in the files of the project that have to obey. */
export function findAmbient(root: string, project: TypeScriptProject): Finding[] {
  const findings: Finding[] = [];
  const globals = globalSymbols(project.checker);
  for (const file of project.files) {
    if (!isInScope(file.path)) continue;
    const add: Add = (node, message) => findings.push({ file: file.path, line: lineOf(file.source, node), rule: "ambient", message });
    checkImports(file, add);
    checkNames(file, project.checker, globals, add);
    if (isPure(file.path)) checkBuffer(file, add);
  }
  const seen = new Set(project.files.map((file) => file.path));
  for (const path of projectFiles(root)) {
    // What the compiler does not read, this check cannot judge.
    if (isInScope(path) && /\.[cm]?[jt]sx?$/.test(path) && !seen.has(path)) {
      findings.push({ file: path, line: 0, rule: "ambient", message: "not part of the TypeScript project; write it in TypeScript" });
    }
  }
  return findings;
}

/** The ids of the symbols that the watched names have as globals. */
function globalSymbols(checker: Checker): ReadonlyMap<string, number | undefined> {
  return new Map(watched.map((name) => [name, checker.resolveName(name, SymbolFlags.Value)?.id]));
}

function checkImports(file: TypeScriptFile, add: Add): void {
  for (const specifier of importSpecifiers(file)) {
    const fault = importFault({ specifier: specifier.text, ...shapeOf(specifier.parent) }, isBuiltin, isPure(file.path));
    if (fault !== null) add(specifier, fault);
  }
}

/** What an import takes from its module. An inline `type` modifier does not count: the module is still loaded. */
function shapeOf(node: Node): Omit<ImportUse, "specifier"> {
  if (is.isImportDeclaration(node)) {
    const bindings = node.importClause?.namedBindings;
    const named = bindings !== undefined && is.isNamedImports(bindings) && node.importClause?.name === undefined;
    const names = named ? bindings.elements.map((element) => (element.propertyName ?? element.name).text) : null;
    return { names, typeOnly: node.importClause?.phaseModifier === SyntaxKind.TypeKeyword };
  }
  if (is.isExportDeclaration(node)) {
    const clause = node.exportClause;
    const names = clause !== undefined && is.isNamedExports(clause) ? clause.elements.map((each) => (each.propertyName ?? each.name).text) : null;
    return { names, typeOnly: node.isTypeOnly };
  }
  return { names: null, typeOnly: is.isLiteralTypeNode(node) || is.isImportTypeNode(node) };
}

function checkNames(file: TypeScriptFile, checker: Checker, globals: ReadonlyMap<string, number | undefined>, add: Add): void {
  const names: Identifier[] = [];
  const visit = (node: Node): void => {
    if (isErased(node)) return;
    if (isDeclaredValue(node)) add(node, "declares a value that exists elsewhere; nothing ambient may be named here");
    if (isComputedImport(node)) add(node, "imports a module by a computed name");
    if (is.isIdentifier(node) && globals.has(node.text)) names.push(node);
    eachChild(node, visit);
  };
  eachChild(file.source, visit);
  for (const name of names) {
    const { parent } = name;
    const symbol = is.isShorthandPropertyAssignment(parent) ? checker.getShorthandAssignmentValueSymbol(parent) : checker.getSymbolAtLocation(name);
    // A name without a symbol is one that the compiler does not know, unless it is a member of something of type any.
    if (symbol === undefined ? isMemberName(name) : symbol.id !== globals.get(name.text)) continue;
    const members = forbiddenMembers.get(name.text);
    if (members === undefined) add(name, `uses the global ${name.text}; it is reached through Env or an adapter`);
    else checkMember(name, members, add);
  }
}

/** Types included, since a type of Node in a signature would bind every caller to Node. */
function checkBuffer(file: TypeScriptFile, add: Add): void {
  const visit = (node: Node): void => {
    if (is.isIdentifier(node) && node.text === "Buffer" && !isMemberName(node)) add(node, "uses Buffer; this package must run without Node");
    eachChild(node, visit);
  };
  visit(file.source);
}

function checkMember(node: Identifier, forbidden: ReadonlySet<string>, add: Add): void {
  const { parent } = node;
  if (is.isPropertyAccessExpression(parent) && isSame(parent.expression, node)) {
    if (forbidden.has(parent.name.text)) add(node, `uses ${node.text}.${parent.name.text}; it is reached through Env or an adapter`);
    return;
  }
  const afterInstanceof = is.isBinaryExpression(parent) && parent.operatorToken.kind === SyntaxKind.InstanceOfKeyword && isSame(parent.right, node);
  if (!afterInstanceof) add(node, `uses the global ${node.text} other than as ${node.text}.member`);
}

/** Types, and declarations of types. The base class in `class A extends B<T>` parses as a type but is a value. */
function isErased(node: Node): boolean {
  if (is.isInterfaceDeclaration(node) || is.isTypeAliasDeclaration(node)) return true;
  if (is.isImportDeclaration(node)) return true;
  if (!is.isTypeNode(node)) return false;
  if (!is.isExpressionWithTypeArguments(node)) return true;
  return is.isHeritageClause(node.parent) && node.parent.token === SyntaxKind.ImplementsKeyword;
}

function isDeclaredValue(node: Node): boolean {
  if (!is.isVariableStatement(node) && !is.isFunctionDeclaration(node) && !is.isClassDeclaration(node) && !is.isModuleDeclaration(node)) return false;
  return node.modifiers?.some((modifier) => modifier.kind === SyntaxKind.DeclareKeyword) === true;
}

function isComputedImport(node: Node): boolean {
  if (!is.isCallExpression(node) || node.expression.kind !== SyntaxKind.ImportKeyword) return false;
  const target = node.arguments[0];
  return target === undefined || !is.isStringLiteralLikeNode(target);
}

function isSame(a: Node, b: Node): boolean {
  return a === b;
}

function isMemberName(node: Node): boolean {
  return is.isPropertyAccessExpression(node.parent) && isSame(node.parent.name, node);
}

if (isProgram(import.meta.filename)) {
  using project = openProject(repositoryRoot);
  const inScope = project.files.filter((file) => isInScope(file.path)).length;
  report("ambient", `${inScope} files`, findAmbient(repositoryRoot, project));
}
