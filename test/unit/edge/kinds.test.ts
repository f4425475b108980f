// Which kinds an edge can serve, by the programs that are there.
import * as assert from "uvu/assert";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kindsLine, readKind, readKinds } from "../../../edge/kinds.ts";
import { targetKindNames } from "../../../shared/document/rights.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const programs = ["Xvnc", "xfreerdp", "xdotool", "prlimit", "setpriv"];

function makeProgram(folder: string, name: string, mode = 0o755): void {
  writeFileSync(join(folder, name), "#!/bin/sh\n");
  chmodSync(join(folder, name), mode);
}

await group("kinds", {}, (test) => {
  test("a kind whose programs are all there is ready", async () => {
    using folder = temporaryFolder();
    for (const name of programs) makeProgram(folder.path, name);
    assert.equal(await readKind("rdp", [folder.path]), {
      kind: "rdp",
      isReady: true,
      missing: [],
    });
  });

  test("one that lacks programs names Debian's packages, each once; the others are ready", async () => {
    using folder = temporaryFolder();
    makeProgram(folder.path, "xfreerdp");
    makeProgram(folder.path, "prlimit");
    const kinds = await readKinds([folder.path]);
    assert.equal(
      kinds.map(({ kind }) => kind),
      targetKindNames,
    );
    const missing = ["tigervnc-standalone-server", "xdotool", "util-linux"];
    assert.equal(
      kinds.filter(({ isReady }) => !isReady),
      [{ kind: "rdp", isReady: false, missing }],
    );
    assert.is(
      kindsLine(kinds),
      "serves ssh, tcp, vnc, http; not rdp: apt install tigervnc-standalone-server xdotool util-linux",
    );
  });

  test("a file that may not be run is no program", async () => {
    using folder = temporaryFolder();
    for (const name of programs) makeProgram(folder.path, name);
    makeProgram(folder.path, "Xvnc", 0o644);
    const { missing } = await readKind("rdp", [folder.path]);
    assert.equal(missing, ["tigervnc-standalone-server"]);
  });
});
