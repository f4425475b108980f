// Keeps the layout's promises by reading imports: who may import whom, which file alone touches a protocol package, where the outside is read.
// Unchecked rules drift; a broken one is named here with file and import.
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import * as assert from "uvu/assert";
import { group } from "./support/group.ts";

const root = join(import.meta.dirname, "..");

interface Import {
  readonly file: string;
  readonly specifier: string;
  /** Path from the root for a relative import, else undefined. */
  readonly path: string | undefined;
  readonly typeOnly: boolean;
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^;'"]*?\sfrom\s+)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;

const productFiles = globSync("{shared,edge,broker,firmware-images}/**/*.{ts,tsx,mjs}", {
  cwd: root,
})
  .filter((file) => !file.includes("node_modules") && !file.includes("/dist/"))
  .sort();
const testFiles = globSync("test/**/*.ts", { cwd: root });
const imports = [...productFiles, ...testFiles].flatMap(readImports);

function readImports(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(importPattern)].map((match) => {
    const specifier = match[2] ?? match[3] ?? "";
    const path = specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : undefined;
    return { file, specifier, path, typeOnly: match[1] !== undefined };
  });
}

/** The side of a product that a file belongs to; sides do not import each other. */
function sideOf(file: string): string {
  const match = /^(broker\/(?:relay|portal|signing|command)|broker|edge|shared|firmware-images)\//;
  return match.exec(file)?.[1] ?? "other";
}

function offenders(isOffence: (item: Import) => boolean): string[] {
  return imports.filter(isOffence).map((item) => `${item.file} imports ${item.specifier}`);
}

const packageSides = [
  "ssh2",
  "ws",
  "mqtt",
  "aedes",
  "otplib",
  "node-pty",
  "web-push",
  "nodemailer",
  "@novnc/novnc",
];

await group("architecture", {}, (test) => {
  test("files were found at all", () => {
    assert.ok(productFiles.length > 20, `${productFiles.length} product files`);
    assert.ok(imports.length > 50, `${imports.length} imports`);
  });
  test("shared imports nothing of ours outside shared", () => {
    assert.equal(
      offenders(
        (item) => sideOf(item.file) === "shared" && item.path?.startsWith("shared/") === false,
      ),
      [],
    );
  });
  test("each side imports itself and shared only", () => {
    assert.equal(
      offenders((item) => {
        const from = sideOf(item.file);
        if (from === "other" || item.path === undefined) return false;
        const to = sideOf(item.path);
        return to !== from && to !== "shared" && to !== "other";
      }),
      [],
    );
  });
  test("product code imports no test code", () => {
    assert.equal(
      offenders((item) => sideOf(item.file) !== "other" && item.path?.startsWith("test/") === true),
      [],
    );
  });
  test("shared does no I/O: no socket, file, process or worker module", () => {
    const io =
      /^node:(net|tls|http|https|http2|fs|child_process|dgram|worker_threads|readline|os)\b/;
    assert.equal(
      offenders(
        (item) => sideOf(item.file) === "shared" && !item.typeOnly && io.test(item.specifier),
      ),
      [],
    );
  });
  for (const name of packageSides) {
    test(`one file per side imports ${name}`, () => {
      const users = imports
        .filter((item) => item.specifier === name && sideOf(item.file) !== "other")
        .map((item) => `${sideOf(item.file)} ${item.file}`);
      const bySide = Map.groupBy(new Set(users), (user) => user.split(" ")[0]);
      for (const [side, found] of bySide) {
        assert.is(found.length, 1, `${side}: ${found.join(", ")}`);
      }
    });
  }
  test("libsodium is imported in one place", () => {
    const users = imports.filter((item) => item.specifier === "libsodium-wrappers");
    assert.is(
      new Set(users.filter((user) => sideOf(user.file) !== "other").map((user) => user.file)).size,
      1,
    );
  });
  test("pages have no colours, sizes or styles of their own: these stand in the theme and in one stylesheet", () => {
    const own =
      /\bstyle=\{|#[0-9a-fA-F]{3,8}\b(?=["'`;])|\brgba?\(|\bhsla?\(|["'`]\d+(?:\.\d+)?(?:px|rem|em)["'`]/;
    const pages = productFiles.filter(
      (file) => /^broker\/portal\/.*\.tsx$/.test(file) && !file.endsWith("/shell/logo.tsx"),
    );
    assert.ok(pages.length > 3, `${pages.length} pages`);
    assert.equal(
      pages.filter((file) => own.test(readFileSync(join(root, file), "utf8"))),
      [],
    );
  });
  test("only the pages' own relay caller fetches, and the service worker, which runs without a page", () => {
    assert.equal(
      productFiles.filter(
        (file) =>
          file.startsWith("broker/portal/") &&
          /\bfetch\(|XMLHttpRequest|sendBeacon/.test(readFileSync(join(root, file), "utf8")),
      ),
      ["broker/portal/person/relay-fetch.ts", "broker/portal/service-worker/service-worker.ts"],
    );
  });
  test("uvu itself is imported by the wrapper alone", () => {
    assert.equal(
      [...new Set(imports.filter((item) => item.specifier === "uvu").map((item) => item.file))],
      ["test/support/group.ts"],
    );
  });
  test("every test file uses the wrapper", () => {
    const without = testFiles
      .filter((file) => file.endsWith(".test.ts"))
      .filter((file) => !readFileSync(join(root, file), "utf8").includes("await group("));
    assert.equal(without, []);
  });
  test("environment and arguments are read only in main files", () => {
    const reads = productFiles.filter(
      (file) =>
        !/(^|\/)main\.ts$/.test(file) &&
        !file.endsWith(".mjs") &&
        /process\.(env|argv)\b/.test(readFileSync(join(root, file), "utf8")),
    );
    assert.equal(reads, []);
  });
  test("no barrels and no folders without a noun", () => {
    const odd = productFiles.filter((file) =>
      /(^|\/)(index\.ts|(src|utils|util|helpers|helper|common|misc|types)(\/|\.ts$))/.test(file),
    );
    assert.equal(odd, []);
  });
  test("a file says in its first line what it is for", () => {
    const silent = productFiles.filter((file) => {
      const lines = readFileSync(join(root, file), "utf8").split("\n");
      const first = lines[0]?.startsWith("#!") === true ? lines[1] : lines[0];
      return first?.startsWith("//") !== true;
    });
    assert.equal(silent, []);
  });
});
