import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { directivesMax, expandIncludes, Files, includeNames } from "../../../src/lint/nginx/includes.ts";
import { type Directive, nestingMax, parseNginx } from "../../../src/lint/nginx/parser.ts";
import { nginxCount, nginxLine, nginxTimeMs } from "../../../src/lint/nginx/units.ts";

/** `name arg|arg {...}` of each directive. */
const shape = (directives: readonly Directive[]): string =>
  directives.map(({ name, args, block }) => `${[name, ...args].join("|")}${block === null ? "" : `{${shape(block)}}`}`).join(" ");
const parsed = (text: string): string => shape(parseNginx("f", text).directives);
const faults = (text: string): string[] => parseNginx("f", text).faults.map(({ place, message }) => `${place.line}: ${message}`);

describe("the parser", () => {
  test("reads words as nginx does: quotes, escapes, comments, variables, braces within words", () => {
    for (const [text, expected] of [
      ["a \"b c\" 'd;e' f\\ g;", "a|b c|d;e|f\\ g"],
      ['a "say \\"x\\" \\\\ \\t" it\\\'s;', `a|say "x" \\ \t|it's`],
      ["a b#c; # d;\n#e\nf;", "a|b#c f"],
      ["set $x ${host}y;", "set|$x|${host}y"],
      ['location ~ "^/a{2}$" { b; }', "location|~|^/a{2}${b}"],
      ["a{b;c{}}d;", "a{b c{}} d"],
      ["map $a $b { '' x; \"\" y; default z; }", "map|$a|$b{|x |y default|z}"],
      ["\uFEFFa;\r\nb;", "a b"],
      ["a 'multi\nline' c;", "a|multi\nline|c"],
      ["a }b;", "a b"],
    ] as const) {
      assert.equal(parsed(text), expected, text);
    }
  });

  test("keeps lines", () => {
    const { directives } = parseNginx("f", "a;\n\nb 'x\ny' {\n  c\n    d;\n}\n");
    assert.deepEqual(
      [directives[0], directives[1], directives[1]?.block?.[0]].map((each) => each?.place.line),
      [1, 3, 5],
    );
  });

  test("passes over blocks of Lua, whatever braces and quotes stand in them", () => {
    const lua = 'content_by_lua_block {\n local t = { "}", \'}\', [[ } ]], [==[ }]] ]==] } -- }\n --[[ }\n } ]] ngx.say("{")\n}\n after;';
    assert.equal(parsed(`location / { ${lua} }`), "location|/{content_by_lua_block{} after}");
    assert.deepEqual(faults(`location / { ${lua} }`), []);
    assert.deepEqual(faults("a {\n set_by_lua_block $x {\n return { ").slice(0, 1), ['2: the block of "set_by_lua_block" is never closed']);
  });

  test("names what is wrong and where, and reads on", () => {
    assert.deepEqual(faults("a {\n b;\n"), ['1: the block of "a" is opened here and never closed']);
    assert.deepEqual(faults("a;\n}\nb;"), ['2: unexpected "}"']);
    assert.deepEqual(faults("a;\nb 'c;\nd;"), ["2: a quote is opened here and never closed", '2: the file ends within "b": ";" or "{" is expected']);
    assert.deepEqual(faults("a b"), ['1: the file ends within "a": ";" or "{" is expected']);
    assert.deepEqual(faults(";"), ['1: unexpected ";"']);
    assert.deepEqual(faults("a {\n b\n}"), ['2: "b" lacks its semicolon']);
    assert.deepEqual(faults("listen 80\nserver_name x;"), ['1: "listen" lacks its semicolon: line 2 begins another directive']);
    assert.equal(parsed("listen 80\nserver_name x;"), "listen|80 server_name|x");
  });

  test("has an end to nesting", () => {
    const deep = nestingMax * 3;
    const { faults: found } = parseNginx("f", `${"a {".repeat(deep)}${"}".repeat(deep)} b;`);
    assert.deepEqual(
      found.map(({ message }) => message),
      [`blocks are nested more than ${nestingMax} deep; what is deeper is not read`],
    );
    assert.equal(parsed(`${"a {".repeat(deep)}${"}".repeat(deep)} b;`).endsWith(" b"), true);
  });

  test("reads back whatever tree is written, in any spacing", () => {
    const word = fc.oneof(fc.stringMatching(/^[a-z_$/][a-z0-9_./:-]{0,8}$/), fc.string({ maxLength: 8 }));
    const tree = fc.letrec((tie) => ({
      directive: fc.record({
        words: fc.array(word, { minLength: 1, maxLength: 4 }),
        block: fc.option(fc.array(tie("directive"), { maxLength: 3 }), { maxDepth: 4, nil: null }),
      }),
    })).directive as fc.Arbitrary<{ words: string[]; block: never[] | null }>;
    const quote = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`;
    const write = ({ words, block }: { words: string[]; block: never[] | null }, space: string): string => {
      const name = words[0]?.endsWith("by_lua_block") ? ["x"] : words;
      return `${name.map(quote).join(space)}${space}${block === null ? ";" : `{${space}${block.map((each) => write(each, space)).join(space)}}`}`;
    };
    const plain = ({ words, block }: { words: string[]; block: never[] | null }): string =>
      `${JSON.stringify(words)}${block === null ? "" : `{${block.map(plain).join("")}}`}`;
    const asPlain = (all: readonly Directive[]): string =>
      all.map(({ name, args, block }) => `${JSON.stringify([name, ...args])}${block === null ? "" : `{${asPlain(block)}}`}`).join("");
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), fc.constantFrom(" ", "\n", "\t ", " # c\n"), (all, space) => {
        const { directives, faults: found } = parseNginx("f", all.map((each) => write(each, space)).join(space));
        assert.deepEqual(found, []);
        assert.equal(asPlain(directives), all.map(plain).join(""));
      }),
    );
  });

  test("is quick with long files of nothing", () => {
    for (const text of [
      "#".repeat(1e6),
      '"'.repeat(200_001),
      "{".repeat(200_000),
      "a ".repeat(300_000),
      "\\".repeat(300_000),
      "x_by_lua_block {".repeat(20_000),
    ])
      parseNginx("f", text);
  });
});

describe("includes", () => {
  const expand = (files: Record<string, string>, root = "nginx/nginx.conf") =>
    expandIncludes(new Files(Object.entries(files).map(([file, text]) => ({ file, text }))), root);

  test("are put in their place, in order, relative to the first file's folder", () => {
    const found = expand({
      "nginx/nginx.conf": "a; include conf.d/*.conf; z;",
      "nginx/conf.d/20.conf": "two { include extra/x; }",
      "nginx/conf.d/10.conf": "one;",
      "nginx/conf.d/no.txt": "no;",
      "nginx/extra/x": "x;",
    });
    assert.equal(shape(found.directives), "a one two{x} z");
    assert.deepEqual(found.files, ["nginx/nginx.conf", "nginx/conf.d/10.conf", "nginx/conf.d/20.conf", "nginx/extra/x"]);
  });

  test("of an installed folder are found in a copy of it", () => {
    assert.deepEqual(includeNames("/etc/nginx/conf.d/*.conf", "copy/nginx.conf"), ["copy/conf.d/*.conf", "/etc/nginx/conf.d/*.conf"]);
    assert.deepEqual(includeNames("/etc/nginx/conf.d/*.conf", "/etc/nginx/nginx.conf"), ["/etc/nginx/conf.d/*.conf"]);
    assert.equal(shape(expand({ "nginx/nginx.conf": "include /etc/nginx/b.conf;", "nginx/b.conf": "b;" }).directives), "b");
  });

  test("that are missing are told, but not globs and files that say nothing about connections", () => {
    const { missing } = expand({ "nginx/nginx.conf": "include a.conf;\ninclude *.conf;\ninclude mime.types;\ninclude sites-enabled/*;" });
    assert.deepEqual(
      missing.map(({ pattern, place }) => `${pattern}:${place.line}`),
      ["a.conf:1"],
    );
  });

  test("that go round, or multiply, come to an end", () => {
    const round = expand({ "nginx/nginx.conf": "include b;", "nginx/b": "include nginx.conf;" });
    assert.deepEqual(
      round.faults.map(({ message }) => message),
      ["nginx/nginx.conf includes itself"],
    );
    const many = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`nginx/f${i}`, `include f${i + 1};\n`.repeat(8)]));
    const { faults: found } = expand({ ...many, "nginx/f14": "x;" }, "nginx/f0");
    assert.match(found.at(-1)?.message ?? "", new RegExp(`more than ${directivesMax} directives`));
  });
});

describe("units", () => {
  test("are nginx's own", () => {
    for (const [text, ms] of [
      ["60", 60_000],
      ["60s", 60_000],
      ["1m", 60_000],
      ["500ms", 500],
      ["1h30m", 5_400_000],
      ["1h 30m", 5_400_000],
      ["1d", 86_400_000],
      ["1M", 2_592_000_000],
      ["0", 0],
    ] as const) {
      assert.equal(nginxTimeMs(text), ms, text);
    }
    for (const text of ["", "s", "30m1h", "1.5s", "-1", "$x", "60 s", "off"]) assert.equal(nginxTimeMs(text), null, text);
    assert.equal(nginxTimeMs(undefined), null);
    assert.deepEqual(["64", "auto", "1k", undefined].map(nginxCount), [64, null, null, null]);
  });

  test("are written so that nginx reads the same", () => {
    for (const ms of [1, 999, 1_000, 65_000, 60_000, 90_000, 600_000, 3_600_000, 3_660_000, 86_400_000]) {
      assert.equal(nginxTimeMs(/ (\S+);/.exec(nginxLine("proxy_read_timeout", ms))?.[1]), ms);
    }
    assert.equal(nginxLine("upstream keepalive_timeout", 4_000), "keepalive_timeout 4s;   # in upstream {}");
    assert.equal(nginxLine("upstream keepalive", 0, "1.29.7"), "keepalive 0;   # in upstream {}");
    assert.equal(nginxLine("upstream keepalive", 0, "1.24.0"), "no `keepalive` line   # in upstream {}", "0 is refused there");
    assert.equal(nginxLine("proxy_buffering", false), "proxy_buffering off;");
    assert.equal(nginxLine("proxy_set_header Connection", ""), 'proxy_set_header Connection "";');
  });
});
