// SECURITY.md promises that every claim names the test that would fail without it: this reads the page and looks each of them up.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { group } from "../support/group.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "SECURITY.md"), "utf8");
/** The parts of the page that claim something. */
const claiming = /^A hostile /;
const reference = /`(test\/[^`]+\.test\.ts)` ((?:"[^"]+"(?:, )?)+)/g;

interface Claim {
  readonly text: string;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

function claimsOf(markdown: string): Claim[] {
  const parts = markdown.split(/^## /m).filter((part) => claiming.test(part));
  const paragraphs = parts.flatMap((part) => part.split(/\n(?=- )|\n\n/).slice(1));
  return paragraphs
    .map((paragraph) => paragraph.replaceAll(/\s+/g, " ").trim())
    .filter((text) => text !== "" && !text.endsWith(":"))
    .map((text) => ({ text, tests: testsIn(text) }));
}

function testsIn(text: string): Claim["tests"] {
  return [...text.matchAll(reference)].flatMap(([, file = "", names = ""]) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => ({ file, name })),
  );
}

/** Names that a test file declares; what a template fills in stands for anything. */
function declares(file: string, name: string): boolean {
  const text = readFileSync(join(root, file), "utf8");
  const declared = [...text.matchAll(/\btest\(\s*(["'`])((?:\\.|(?!\1)[\s\S])*)\1/g)];
  return declared.some(([, quote, title = ""]) =>
    quote === "`" && name !== title ? patternOf(title).test(name) : title === name,
  );
}

function patternOf(template: string): RegExp {
  const fixed = template.split(/\$\{[^}]*\}/).map((part) => RegExp.escape(part));
  return new RegExp(`^${fixed.join(".+")}$`);
}

await group("the claims of SECURITY.md", {}, (test) => {
  const claims = claimsOf(page);

  test("there are claims about every party", () => {
    const parties = [...page.matchAll(/^## A hostile (\w+)/gm)].map(([, party]) => party);
    assert.equal(parties, ["relay", "edge", "vendor", "device", "network", "page", "portal"]);
    assert.ok(claims.length > 50, `${claims.length} claims`);
  });

  test("every claim names a test", () => {
    assert.equal(
      claims.filter(({ tests }) => tests.length === 0).map(({ text }) => text),
      [],
    );
  });

  test("every test that is named exists in its file", () => {
    const missing = claims
      .flatMap(({ tests }) => tests)
      .filter(({ file, name }) => !existsSync(join(root, file)) || !declares(file, name))
      .map(({ file, name }) => `${file} "${name}"`);
    assert.equal(missing, []);
  });

  test("a name that no file declares is found missing", () => {
    assert.not.ok(declares("test/hostile/grants.test.ts", "an expired grant is welcome"));
    assert.ok(declares("test/hostile/grants.test.ts", "an expired grant is refused"));
  });
});
