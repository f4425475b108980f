// What the relay offers to download: the Windows package, byte for byte, where its operator has put one; and how that package is made.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import * as assert from "uvu/assert";
import { fileInTar, makeWindowsZip } from "../../../broker/build-windows-zip.ts";
import { group } from "../../support/group.ts";
import { nodePath, runProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { RunningRelay } from "./running-relay.ts";

await group("relay downloads", { timeoutMs: 30_000 }, (test) => {
  test("nothing is offered until the operator puts it there; then anybody gets its bytes", async () => {
    await using relay = await RunningRelay.start();
    const path = "/downloads/sallyport-windows.zip";
    assert.is((await relay.call("GET", "/downloads")).body["windows" as never], null);
    assert.is((await relay.call("GET", path)).status, 404);
    const folder = join(relay.folder.path, "downloads");
    mkdirSync(folder);
    const bytes = new Uint8Array(70_000).map((_, index) => index);
    writeFileSync(join(folder, "sallyport-windows.zip"), bytes);
    assert.equal((await relay.call("GET", "/downloads")).body["windows" as never], {
      path: `/api${path}`,
      bytes: bytes.length,
    });
    const answer = await fetch(`${relay.url}/api${path}`);
    assert.is(answer.headers.get("content-type"), "application/zip");
    assert.equal(new Uint8Array(await answer.arrayBuffer()), bytes);
  });
  test("no other file of the data directory is given", async () => {
    await using relay = await RunningRelay.start();
    for (const name of ["..%2fregistration-token", "../registration-token", "registration-token"])
      assert.is((await relay.call("GET", `/downloads/${name}`)).status, 404, name);
  });
  test("the Windows package is the same bytes each time, with Node, launcher, command and what it imports", async () => {
    const node = new Uint8Array(100).fill(7);
    const [zip, again] = [await makeWindowsZip(node), await makeWindowsZip(node)];
    assert.ok(Buffer.from(zip).equals(again));
    const files = unzipSync(zip);
    assert.equal(files["sallyport/node/node.exe"], node);
    const text = (name: string) => Buffer.from(files[name] ?? []).toString();
    assert.match(text("sallyport/sallyport.cmd"), /^@echo off\r\n"%~dp0node\\node\.exe" /);
    assert.match(text("sallyport/README.txt"), /NOT tried on Windows/);
    assert.not.ok(Object.keys(files).some((name) => /\/(edge|broker\/relay)\//.test(name)));
    // The same command, unpacked, runs from nothing but the package.
    using folder = temporaryFolder();
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(join(folder.path, name, ".."), { recursive: true });
      writeFileSync(join(folder.path, name), bytes);
    }
    const command = join(folder.path, "sallyport/app/broker/command/sallyport.mjs");
    const { code, stdout } = await runProcess(nodePath, [command, "help", "connect"]);
    assert.is(code, 0);
    assert.match(stdout, /sallyport connect/);
  });
  test("a file is found in a tar, and its absence is told", () => {
    const header = Buffer.alloc(512);
    header.write("package/bin/node.exe");
    header.write("00000000005\0", 124);
    const tar = Buffer.concat([
      header,
      Buffer.from("12345"),
      Buffer.alloc(507),
      Buffer.alloc(1024),
    ]);
    assert.is(Buffer.from(fileInTar(tar, "package/bin/node.exe")).toString(), "12345");
    assert.throws(() => fileInTar(tar, "other"), /package has no "other"/);
  });
});
