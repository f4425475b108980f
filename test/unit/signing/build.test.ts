// The signing page's build: the same bytes wherever it is made, hashes of everything, nothing from elsewhere, and small.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { buildPage } from "../../../broker/build-pages.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";

/** What a phone on a bad line waits for, compressed. */
const maxBytes = 40 * 1024;

await group("signing page's build", { timeoutMs: 60_000 }, (test) => {
  test("two builds in two folders are the same, byte for byte", async () => {
    using first = temporaryFolder();
    using second = temporaryFolder();
    const [one, two] = [join(first.path, "page"), join(second.path, "deeper", "folder")];
    await buildPage("signing", one);
    await buildPage("signing", two);
    const names = readdirSync(one).sort();
    assert.equal(names, readdirSync(two).sort());
    assert.ok(names.includes("signing.js"), names.join());
    for (const name of names) {
      assert.ok(readFileSync(join(one, name)).equals(readFileSync(join(two, name))), name);
    }
  });
  test("SHA256SUMS lists every file, the page pins script and style, and all is below 40 KiB", async () => {
    using folder = temporaryFolder();
    const page = join(folder.path, "page");
    await buildPage("signing", page);
    const read = (name: string) => readFileSync(join(page, name));
    const sums = read("SHA256SUMS").toString().trimEnd().split("\n");
    assert.equal(
      sums.map((line) => line.split("  ")),
      ["index.html", "signing.css", "signing.js"].map((name) => [
        createHash("sha256").update(read(name)).digest("hex"),
        name,
      ]),
    );
    const html = read("index.html").toString();
    for (const name of ["signing.css", "signing.js"]) {
      const integrity = createHash("sha384").update(read(name)).digest("base64");
      assert.ok(html.includes(`"./${name}" integrity="sha384-${integrity}"`), name);
    }
    const known = new Set(["index.html", "signing.css", "signing.js", "SHA256SUMS"]);
    const odd = readdirSync(page).filter((name) => !known.has(name.replace(/\.(br|gz)$/, "")));
    assert.equal(odd, []);
    const compressed = ["index.html", "signing.css", "signing.js"].map(
      (name) => read(`${name}.br`).length,
    );
    const total = compressed.reduce((sum, bytes) => sum + bytes);
    assert.ok(total < maxBytes, `${total} bytes compressed (${compressed.join(", ")})`);
  });
  test("nothing is loaded from elsewhere, and nothing of the protocol's channel came along", async () => {
    using folder = temporaryFolder();
    const page = join(folder.path, "page");
    await buildPage("signing", page);
    const script = readFileSync(join(page, "signing.js"), "utf8");
    const style = readFileSync(join(page, "signing.css"), "utf8");
    const html = readFileSync(join(page, "index.html"), "utf8");
    for (const text of [script, style, html]) {
      assert.not.match(text, /https?:\/\/(?!www\.w3\.org)[a-z0-9]/i);
      assert.not.match(text, /url\(|@import|importScripts|innerHTML|insertAdjacentHTML|eval\(/);
    }
    assert.not.match(script, /WebAssembly|localStorage|indexedDB|document\.cookie|fetch\(/);
    assert.match(html, /Content-Security-Policy"\s+content="default-src 'none'; script-src 'self'/);
  });
});
