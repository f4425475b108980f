// Files of a desktop: what is put, listed, fetched and removed on its drive; names and links that lead elsewhere; bounds; and that it goes with the desktop.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { systemClock } from "../../../shared/clock.ts";
import { Drives, maxDriveBytes, maxDriveFiles } from "../../../edge/targets/rdp/drive.ts";
import { startRdp, type RdpDevice } from "../../plant/rdp.ts";
import { group } from "../../support/group.ts";
import { failureOf, openOn, type OpenedTarget } from "../../support/opened-target.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { rdpUnderTest, type RdpUnderTest } from "./rdp-under-test.ts";

type Action = "list" | "put" | "get" | "remove";

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** One action of the vendor's on the drive of an open desktop. */
function fileOn(device: RdpDevice, desktop: RdpUnderTest, rights: readonly string[] = ["files"]) {
  const { host, port, login, certificate, security, keyboard } = device;
  const under = {
    device: { kind: "rdp", host, port, login, domain: null, certificate, security, keyboard },
    rights,
    scratch: desktop.scratch,
  } as const;
  return (action: Action, name: string | null = null): Promise<OpenedTarget> =>
    openOn(under, { mode: "file", action, name });
}

async function answerOf(opened: OpenedTarget): Promise<string> {
  opened.vendor.channel.end();
  await opened.served;
  await opened.vendor.ended;
  return opened.vendor.bytes.toString();
}

async function failureCode(opened: OpenedTarget): Promise<string> {
  opened.vendor.channel.end();
  return (await failureOf(opened)).code;
}

/** The folder that the device sees. */
function driveIn(desktop: RdpUnderTest): string {
  const seen = desktop.files().find((name) => /^drive-[^/]+\/seen$/.test(name));
  return join(desktop.scratch, seen ?? "none");
}

await group("targets/rdp, files", { timeoutMs: 60_000 }, (test) => {
  test("files are put, listed, fetched and removed, each with its hash in a recording of its own", async () => {
    await using device = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(device);
    const open = await desktop.open();
    await open.vendor.message("opened");
    const file = fileOn(device, desktop);
    const program = Buffer.alloc(300_000, "press ");
    const put = await file("put", "press 7.zip");
    await put.vendor.message("opened");
    for (let at = 0; at < program.length; at += 30_000) {
      await put.vendor.send(program.subarray(at, at + 30_000));
    }
    const told = { name: "press 7.zip", bytes: program.length, sha256: sha256(program) };
    assert.equal(JSON.parse(await answerOf(put)), told);
    assert.equal(put.recordings[0]?.subject, { kind: "file", title: "put press 7.zip" });
    assert.equal(put.recordings[0]?.events, [
      { name: "file", details: { action: "put", ...told } },
    ]);
    assert.ok(put.recordings[0]?.isClosed);
    assert.equal(readFileSync(join(driveIn(desktop), "press 7.zip")), program);
    writeFileSync(join(driveIn(desktop), "log.txt"), "from the device");
    const listed = (await answerOf(await file("list"))).trim().split("\n");
    assert.equal(
      listed.map((line) => JSON.parse(line).name),
      ["log.txt", "press 7.zip"],
    );
    const get = await file("get", "log.txt");
    assert.is(await answerOf(get), "from the device");
    const fetched = {
      action: "get",
      name: "log.txt",
      bytes: 15,
      sha256: sha256("from the device"),
    };
    assert.equal(get.recordings[0]?.events, [{ name: "file", details: fetched }]);
    const removed = await file("remove", "log.txt");
    assert.equal(JSON.parse(await answerOf(removed)), { name: "log.txt", bytes: 0, sha256: null });
    assert.is(await failureCode(await file("get", "log.txt")), "not_found");
    assert.match((await answerOf(await file("list"))).trim(), /^\{"name":"press 7.zip"[^\n]*\}$/);
    open.session.abort("over");
    await open.served;
    await desktop.isClean();
    assert.is(await failureCode(await file("list")), "not_found");
  });

  test("without the right there is no drive and no file; without a desktop neither", async () => {
    await using device = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(device);
    const early = await fileOn(device, desktop)("list");
    assert.is(await failureCode(early), "not_found");
    assert.match((await early.vendor.closed).reason ?? "", /open the desktop first/);
    const open = await desktop.open({ rights: ["control"] });
    await open.vendor.message("opened");
    assert.not.match(desktop.files().join("\n"), /drive/);
    const client = desktop.processes().find(({ name }) => name === "xfreerdp");
    assert.not.match(readFileSync(`/proc/${client?.pid}/cmdline`, "latin1"), /drive/);
    const denied = await fileOn(device, desktop, ["control"])("put", "a.txt");
    assert.is(await failureCode(denied), "refused");
    open.session.abort("over");
    await open.served;
  });

  test("links, folders and other names lead nowhere", async () => {
    using folder = temporaryFolder();
    const drives = new Drives();
    await using joined = await drives.join({ session: "s", target: "t", scratch: folder.path });
    const { drive } = joined;
    const secret = folder.file("secret", "not for the vendor");
    symlinkSync(secret, join(drive.path, "link"));
    mkdirSync(join(drive.path, "folder"));
    writeFileSync(join(drive.path, "real"), "for the vendor");
    assert.equal(
      (await drive.list()).map(({ name }) => name),
      ["real"],
    );
    const refusedNames = [
      "../secret",
      ".hidden",
      "a/b",
      "a\\b",
      "c:d",
      "",
      "a\u0000",
      "end.",
      "end ",
    ];
    for (const name of ["link", "folder", "missing", ...refusedNames]) {
      const code = (thrown: Error) =>
        /refused|not_found/.test((thrown as never as { code: string }).code);
      for (const act of [() => drive.open(name), () => drive.remove(name)]) {
        assert.ok(await act().then(() => false, code), name);
      }
    }
    for (const name of refusedNames) {
      assert.ok(
        await drive.create(name).then(
          () => false,
          () => true,
        ),
        name,
      );
    }
    // What stands in a file's place is not followed but replaced, if it is a file, and refused if not.
    for (const name of ["link", "folder"]) {
      await using upload = await drive.create(name);
      await upload.write(Buffer.from("new"));
      assert.ok(
        await upload.finish().then(
          () => false,
          () => true,
        ),
        name,
      );
    }
    assert.is(readFileSync(secret, "utf8"), "not for the vendor");
    const { file } = await drive.open("real");
    await file.close();
  });

  test("a drive is bounded, whoever writes: an upload ends at the bound, a device that goes over it loses its desktop", async () => {
    using folder = temporaryFolder();
    const drives = new Drives();
    const place = { session: "s", target: "t", scratch: folder.path };
    await using joined = await drives.join(place, 1_000);
    const { drive } = joined;
    {
      await using upload = await drive.create("fits");
      await upload.write(Buffer.alloc(1_000));
      await upload.finish();
    }
    await using more = await drive.create("more");
    assert.ok(
      await more.write(Buffer.alloc(1)).then(
        () => false,
        () => true,
      ),
    );
    const over = Promise.withResolvers<string>();
    using _watch = drive.watch(systemClock, ({ told }) => over.resolve(told));
    mkdirSync(join(drive.path, "deep"));
    writeFileSync(join(drive.path, "deep", "er"), "x");
    assert.is(await over.promise, "the drive is full");
    assert.ok(maxDriveBytes > 0 && maxDriveFiles > 0);
  });

  test("a device that fills the drive ends its desktop, and the drive goes", async () => {
    await using device = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(device);
    const open = await desktop.open();
    await open.vendor.message("opened");
    const large = join(driveIn(desktop), "large");
    writeFileSync(large, "");
    truncateSync(large, maxDriveBytes + 1);
    assert.match((await failureOf(open)).message, /the drive holds more than/);
    await desktop.isClean();
  });

  test("a cut upload leaves no file; the session's two desktops share one drive until the last has gone", async () => {
    await using device = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(device);
    const [one, two] = [await desktop.open(), await desktop.open()];
    await one.vendor.message("opened");
    await two.vendor.message("opened");
    const file = fileOn(device, desktop);
    const put = await file("put", "half.bin");
    await put.vendor.message("opened");
    await put.vendor.send(Buffer.alloc(1_000));
    put.vendor.channel.abort("gone");
    await put.served;
    assert.is(await answerOf(await file("list")), "");
    one.session.abort("over");
    await one.served;
    const whole = await file("put", "whole.bin");
    await whole.vendor.send(Buffer.alloc(10));
    await answerOf(whole);
    const folders = desktop.files().filter((name) => /^drive-[^/]+$/.test(name));
    assert.is(folders.length, 1);
    two.session.abort("over");
    await two.served;
    await desktop.isClean();
  });
});
