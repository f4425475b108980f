// Kind `rdp` against real remote desktops, whose own side tells what reached them: signing in, rights, watch-only, sizes, clipboards, failures.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import * as assert from "uvu/assert";
import { makeDeviceCertificate } from "../../plant/device-certificate.ts";
import { displayPicture, pictureDifference } from "../../plant/picture.ts";
import { startRdp } from "../../plant/rdp.ts";
import { keyEvent } from "../../../edge/targets/rfb/pressed-input.ts";
import { group } from "../../support/group.ts";
import { failureOf } from "../../support/opened-target.ts";
import { freePort } from "../../support/port.ts";
import { cutText, setDesktopSize, viewScreen } from "../../support/screen-viewer.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { rdpUnderTest } from "./rdp-under-test.ts";

/** What a device got, looked at until it is so. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let wait = 0; wait < 200 && !isSo(); wait += 1) await delay(50);
  if (!isSo()) throw new Error(`never ${what}`);
}

await group("targets/rdp", { timeoutMs: 60_000 }, (test) => {
  for (const security of ["nla", "tls"] as const) {
    test(`${security}: the vendor sees the device's picture at once, types and clicks on it`, async () => {
      await using device = await startRdp({ security });
      using desktop = rdpUnderTest(device);
      const opened = await desktop.open();
      const viewer = await viewScreen(opened);
      await viewer.shows(() => device.screenshot());
      await viewer.key(0x61);
      await viewer.click(300, 400);
      await until(() => /^key a$/m.test(device.output()), "typed");
      await until(() => /^release 1 300 400$/m.test(device.output()), "clicked");
      await viewer.shows(() => device.screenshot());
      opened.vendor.channel.end();
      await opened.served;
      assert.is((await opened.vendor.closed).how, "ended");
      assert.is(opened.recordings[0]?.subject.kind, "screen");
      assert.ok(opened.recordings[0]?.isClosed);
      await desktop.isClean();
    });
  }

  for (const security of ["nla", "tls"] as const) {
    test(`${security}: signs reach the device's program as they are, with or without Shift`, async () => {
      await using device = await startRdp({ security });
      using desktop = rdpUnderTest(device);
      const opened = await desktop.open();
      const viewer = await viewScreen(opened);
      await viewer.shows(() => device.screenshot());
      const shift = 0xffe1;
      const signs = Buffer.from("aAq!7?Zz", "latin1");
      for (const keysym of signs) await viewer.key(keysym);
      for (const keysym of signs) {
        await viewer.send(keyEvent(true, shift), keyEvent(true, keysym));
        await viewer.send(keyEvent(false, keysym), keyEvent(false, shift));
      }
      const typed = (): string =>
        [...device.output().matchAll(/^key (?!Shift)(\S+)$/gm)].map(([, name]) => name).join(" ");
      const once = "a A q exclam 7 question Z z";
      await until(() => typed().length >= 2 * once.length + 1, "typed");
      assert.is(typed(), `${once} ${once}`);
      opened.session.abort("over");
      await opened.served;
    });
  }

  test("the first thing that the vendor sees after `opened` is a picture, not a black screen", async () => {
    await using device = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(device);
    const opened = await desktop.open();
    await opened.vendor.message("opened");
    const picture = await displayPicture(desktop.display());
    assert.is(pictureDifference(picture, await device.screenshot()), 0);
    opened.session.abort("over");
    await opened.served;
  });

  test("a device whose screen is black is opened all the same, once it has had its time", async () => {
    await using device = await startRdp({ security: "nla", program: ["sleep", "600"] });
    using desktop = rdpUnderTest(device);
    const startedMs = performance.now();
    const opened = await desktop.open();
    await opened.vendor.message("opened");
    assert.ok(performance.now() - startedMs > 8_000);
    opened.session.abort("over");
    await opened.served;
  });

  test("who may only watch sees all and reaches nothing: no key, pointer, clipboard or size", async () => {
    await using device = await startRdp({ security: "tls" });
    using desktop = rdpUnderTest(device);
    const watching = await desktop.open({ rights: ["view", "resize", "clipboard-in"] });
    const viewer = await viewScreen(watching);
    await viewer.shows(() => device.screenshot());
    const before = device.output();
    await viewer.key(0x78);
    await viewer.click(200, 300);
    await viewer.send(cutText("nothing"), setDesktopSize(800, 600));
    const screen = await device.screen();
    const size = await screen.size();
    // What a second desktop of the same user does afterwards has certainly come after it.
    const other = await desktop.open({ session: "other" });
    const second = await viewScreen(other);
    await second.shows(() => device.screenshot());
    await second.key(0x79);
    await until(() => /^key y$/m.test(device.output()), "typed");
    assert.not.match(device.output().slice(before.length), /key x|press|release 1 200/);
    assert.is(await screen.size(), size);
    assert.is.not(await screen.clipboard(), "nothing");
    for (const { vendor, session } of [watching, other]) {
      session.abort("over");
      await vendor.closed;
    }
    await desktop.isClean();
  });

  test("the device takes the size of the vendor's window once that stands still; without the right it keeps its own", async () => {
    await using device = await startRdp({ security: "tls" });
    using desktop = rdpUnderTest(device);
    const opened = await desktop.open({ rights: ["control", "resize"] });
    const viewer = await viewScreen(opened);
    await viewer.shows(() => device.screenshot());
    const screen = await device.screen();
    for (const width of [1100, 1150, 1200, 1280]) await viewer.send(setDesktopSize(width, 720));
    await screen.hasSize("1280x720");
    await viewer.shows(() => device.screenshot());
    opened.session.abort("over");
    await opened.vendor.closed;
    await desktop.isClean();
    const fixed = await desktop.open({ rights: ["control"], session: "fixed" });
    const stiff = await viewScreen(fixed);
    await stiff.shows(() => device.screenshot());
    assert.is(await screen.size(), "1280x800");
    await stiff.send(setDesktopSize(900, 700));
    await stiff.key(0x7a);
    await until(() => /^key z$/m.test(device.output()), "typed");
    await delay(1_000);
    assert.is(await screen.size(), "1280x800");
    fixed.session.abort("over");
    await fixed.vendor.closed;
  });

  test("each direction of the clipboard is a right of its own", async () => {
    await using device = await startRdp({ security: "tls" });
    using desktop = rdpUnderTest(device);
    const rights = ["control", "clipboard-in"];
    const into = await desktop.open({ rights });
    const writer = await viewScreen(into);
    await writer.shows(() => device.screenshot());
    const screen = await device.screen();
    await writer.send(cutText("setpoint 80"));
    await screen.hasClipboard("setpoint 80");
    await screen.setClipboard("device's own");
    await writer.key(0x61);
    await delay(1_000);
    assert.not.ok(into.vendor.bytes.includes("device's own"));
    into.session.abort("over");
    await into.vendor.closed;
    const out = await desktop.open({ rights: ["control", "clipboard-out"], session: "out" });
    const reader = await viewScreen(out);
    await reader.shows(() => device.screenshot());
    await reader.send(cutText("not for the device"));
    await screen.setClipboard("alarm 17");
    const recorded = (): boolean =>
      out.recordings[0]?.events.some(
        ({ name, details }) => name === "clipboard" && JSON.stringify(details).includes("alarm 17"),
      ) ?? false;
    await until(recorded, "told of the clipboard");
    assert.is(await screen.clipboard(), "alarm 17");
    out.session.abort("over");
    await out.vendor.closed;
    await desktop.isClean();
  });

  test("without any right to it the clipboard stays where it is, and xfreerdp has no channel for it", async () => {
    await using device = await startRdp({ security: "tls" });
    using desktop = rdpUnderTest(device);
    const opened = await desktop.open({ rights: ["control"] });
    const viewer = await viewScreen(opened);
    await viewer.shows(() => device.screenshot());
    const screen = await device.screen();
    await screen.setClipboard("kept");
    await viewer.send(cutText("refused"));
    await viewer.key(0x62);
    await until(() => /^key b$/m.test(device.output()), "typed");
    assert.is(await screen.clipboard(), "kept");
    assert.not.ok(opened.vendor.bytes.includes("kept"));
    const client = desktop.processes().find(({ name }) => name === "xfreerdp");
    assert.match(readFileSync(`/proc/${client?.pid}/cmdline`, "latin1"), /\0-clipboard\0/);
    opened.session.abort("over");
    await opened.vendor.closed;
  });

  test("the password stands in no argument, environment or file of the desktop", async () => {
    await using device = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(device);
    const opened = await desktop.open();
    await opened.vendor.message("opened");
    const needle = Buffer.from(device.password).toString("latin1");
    const names = desktop.processes().map(({ name }) => name);
    assert.equal(names.toSorted(), ["Xvnc", "xfreerdp"]);
    for (const { pid } of desktop.processes()) {
      for (const file of ["cmdline", "environ"]) {
        assert.not.ok(readFileSync(`/proc/${pid}/${file}`, "latin1").includes(needle));
      }
    }
    for (const file of desktop.files().filter((name) => /authority|known_hosts/.test(name))) {
      assert.not.ok(readFileSync(join(desktop.scratch, file), "latin1").includes(needle));
    }
    opened.session.abort("over");
    await opened.vendor.closed;
    await desktop.isClean();
  });

  test("a refused login, another certificate, a shut port and other security are told apart, in words of the target alone", async () => {
    await using device = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(device);
    const { host, port, login, certificate, keyboard } = device;
    const shown = { kind: "rdp", host, port, login, domain: null, certificate, keyboard } as const;
    const other = certificate.replace(/^../, certificate.startsWith("00") ? "01" : "00");
    const rows = [
      [
        { secret: { kind: "password", password: "another" } },
        "device_refused",
        "the device refused the sign-in",
      ],
      [{ certificate: other }, "device_changed", "shows another certificate than the pinned one"],
      [
        { device: { ...shown, security: "nla", port: await freePort() } },
        "device_unreachable",
        "cannot be reached from the edge",
      ],
      [{ device: { ...shown, security: "tls" } }, "device_refused", "no TLS: it wants NLA"],
      [{ secret: undefined }, "vault_invalid", "holds no password"],
      [
        { secret: { kind: "password", password: "two\nlines" } },
        "vault_invalid",
        "holds no password",
      ],
    ] as const;
    for (const [changes, code, told] of rows) {
      const opened = await desktop.open(changes);
      const failure = await failureOf(opened);
      assert.is(failure.code, code);
      const { reason = "" } = await opened.vendor.closed;
      assert.ok(reason.startsWith(`${code}: `) && reason.includes(told), reason);
      assert.not.match(reason, /127\.0\.0\.1|operator|another"|two/);
      assert.not.match(failure.message, /another"|two\nlines/);
      await desktop.isClean();
    }
  });

  test("under another certificate nothing of the login is sent", async () => {
    await using device = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(device);
    using folder = temporaryFolder();
    const { certificateFile, keyFile } = await makeDeviceCertificate(folder);
    const [cert, key] = [readFileSync(certificateFile), readFileSync(keyFile)];
    // As far as a device gets that lies at the pinned one's address: X.224, and TLS under a certificate of its own.
    let connections = 0;
    const heard: Buffer[] = [];
    const other = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => {
        connections += 1;
        socket.write(Buffer.from("030000130ed000001234000200080002000000", "hex"));
        const tls = new TLSSocket(socket, { isServer: true, cert, key });
        tls.on("error", () => undefined).on("data", (bytes: Buffer) => heard.push(bytes));
      });
    });
    await once(other.listen(0, "127.0.0.1"), "listening");
    const { port } = other.address() as AddressInfo;
    const { host, login, certificate, security, keyboard } = device;
    const shown = {
      kind: "rdp",
      host,
      port,
      login,
      domain: null,
      certificate,
      security,
      keyboard,
    } as const;
    const opened = await desktop.open({ device: shown });
    assert.is((await failureOf(opened)).code, "device_changed");
    assert.ok(connections > 0);
    assert.is(Buffer.concat(heard).length, 0);
    other.close();
    await desktop.isClean();
  });

  test("a target that is not granted for screens opens none", async () => {
    await using device = await startRdp({ security: "nla" });
    using desktop = rdpUnderTest(device);
    const opened = await desktop.open({ rights: ["files", "resize"] });
    assert.is((await failureOf(opened)).code, "refused");
    assert.equal(desktop.processes(), []);
    await desktop.isClean();
  });
});
