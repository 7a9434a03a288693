/**
 * Findings that any tool's files can have, whatever the tool.
 */
import type { FindingDoc } from "../finding.ts";

export const lintFindings = {
  lint_syntax: {
    title: "A file can not be read as what it should be",
    severity: "error",
    symptom: "The tool itself refuses the file: `nginx: [emerg] unexpected end of file`, `[ALERT] config: parsing [haproxy.cfg:12]`.",
    why: "A bracket, a quote or the end of a line is missing, so that what follows means something else. Lint reads on where it can, but what it says of the rest of the file is a guess.",
    fix: "Look at the line that is named, and at the last one that opened a block or a quote. The tool's own check (`nginx -t`, `haproxy -c -f FILE`, `caddy validate`) says more.",
    guards: "Directives that lint does not know are no fault: they are left to the tool's own check.",
    sources: ["The grammar of the tool's configuration"],
  },
  lint_include_missing: {
    title: "An included file was not read",
    severity: "info",
    symptom: "Findings about something that an included file sets, or none where one is due.",
    why: "The file names another one that was not found, or that is beyond a limit of what lint reads. What it says is unknown.",
    fix: "Give lint the file that includes everything (`nginx.conf`) at its place, or add the missing file to the command line.",
    guards:
      "Not reported for a glob that matches nothing, which is how tools take it too, and for files that can not concern connections (`mime.types`, `fastcgi_params`).",
    sources: ["docs/lint.md, Limits"],
  },
  lint_value_refused: {
    title: "A value can not be what it says",
    severity: "warning",
    symptom: "The tool refuses the file, or takes another value than the one that is written.",
    why: "The value is outside the range that the tool takes, as far as the hop database knows it. The link that it belongs to was not judged.",
    fix: "Correct the value; the finding names what is expected.",
    guards: "Values that the hop database knows nothing of are left to the tool's own check.",
    sources: ["docs/hops.md"],
  },
  lint_not_on_path: {
    title: "A file's tool is not on the declared path",
    severity: "info",
    symptom: "Findings between this file and the rest of the path are missing.",
    why: "`--path` names hops, and none of them is this tool: what stands in front of it and behind it is not known.",
    fix: "Add the hop to the path file, in its place between the user and what is behind.",
    guards: "Not reported for files that forward nothing, such as `sysctl.conf`.",
    sources: ["docs/lint.md"],
  },
  lint_links_left_out: {
    title: "Not all links between the files were judged",
    severity: "info",
    symptom: "Findings between two files are missing for some of many routes.",
    why: "Lint holds at most 100 distinct pairs of routes against each other. Routes with the same values count once.",
    fix: "Lint the services in groups.",
    guards: "Not reported for routes that differ in their path alone.",
    sources: ["docs/lint.md, Limits"],
  },
} as const satisfies Readonly<Record<string, FindingDoc>>;
