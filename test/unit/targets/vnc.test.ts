// Kind `vnc` against real VNC servers, whose own side tells what reached them: signing in by every security type, rights, watch-only, clipboards.
import * as assert from "uvu/assert";
import { itemOverheadBytes, windowBytes } from "../../../shared/channel/bounds.ts";
import { keyEvent } from "../../../edge/targets/rfb/pressed-input.ts";
import { rightsOfKind } from "../../../shared/document/rights.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { startVnc, startX11vnc, type VncDevice, type VncOptions } from "../../plant/vnc.ts";
import { group } from "../../support/group.ts";
import {
  failureOf,
  openOn,
  type OpenedTarget,
  type TargetUnderTest,
} from "../../support/opened-target.ts";
import {
  cutText,
  setDesktopSize,
  setEncodings,
  updateRequest,
  viewScreen,
} from "../../support/screen-viewer.ts";

const opening = { mode: "screen", width: 800, height: 600 } as const;

type Changes = Partial<TargetUnderTest> & { readonly certificate?: string | null };

function under(vnc: VncDevice, { certificate, ...changes }: Changes = {}): TargetUnderTest {
  const { host, port, password } = vnc;
  const pin = certificate === undefined ? (vnc.certificate ?? null) : certificate;
  return {
    device: { kind: "vnc", host, port, login: vnc.login ?? null, certificate: pin },
    secret: password === undefined ? undefined : { kind: "password", password },
    ...changes,
  };
}

const allRights = rightsOfKind.vnc;
const otherPin = Array.from({ length: 32 }, () => "AB").join(":");

const types: readonly (readonly [string, VncOptions])[] = [
  ["None", { security: "None" }],
  ["VncAuth", { security: "VncAuth" }],
  ["VncAuth in RFB 3.3", { security: "VncAuth", parameters: ["-Protocol3.3"] }],
  ["None in RFB 3.3", { security: "None", parameters: ["-Protocol3.3"] }],
  ["Plain", { security: "Plain" }],
  ["TLSNone", { security: "TLSNone" }],
  ["TLSVnc", { security: "TLSVnc" }],
  ["TLSPlain", { security: "TLSPlain" }],
  ["X509None", { security: "X509None" }],
  ["X509Vnc", { security: "X509Vnc" }],
  ["X509Plain", { security: "X509Plain" }],
];

const refusedMessages: readonly (readonly [string, Uint8Array, string])[] = [
  ["xvp", Uint8Array.of(250, 0, 1, 2), "message 250 (xvp, which shuts a device down)"],
  ["a key with a scancode", Uint8Array.of(255, 0, ...Buffer.alloc(10)), "message 255 (QEMU)"],
  ["a file transfer", Uint8Array.of(253), "message 253"],
  ["an unknown message", Uint8Array.of(77), "message 77"],
  [
    "another pixel format",
    Buffer.concat([Uint8Array.of(0, 0, 0, 0, 8), Buffer.alloc(15)]),
    "message 0",
  ],
  ["an extended clipboard", Uint8Array.of(6, 0, 0, 0, 255, 255, 255, 252), "message 6 with an ext"],
  ["a fence of 65 bytes", Uint8Array.of(248, 0, 0, 0, 0, 0, 0, 0, 65), "message 248 with 65 bytes"],
  ["a list of 257 encodings", Uint8Array.of(2, 0, 1, 1), "257 encodings in message 2"],
];

const loseLine = ({ vendor }: OpenedTarget): void => vendor.channel.loseLine();

function leave({ vendor }: OpenedTarget): void {
  vendor.onBytes = () => undefined;
  vendor.channel.end();
}

const ends: readonly (readonly [string, (opened: OpenedTarget) => unknown])[] = [
  ["the vendor leaves", leave],
  ["the line to him is away, and may come back", loseLine],
  ["the line to him is lost", ({ vendor }) => vendor.channel.cut()],
  ["his session ends", ({ session }) => session.abort("over")],
  ["his viewer breaks a rule", ({ vendor }) => vendor.channel.write(Uint8Array.of(250))],
];

await group("targets/vnc", { timeoutMs: 60_000 }, (test) => {
  for (const [name, options] of types) {
    test(`${name}: the vendor sees the device's picture and types on it`, async () => {
      await using vnc = await startVnc(options);
      const opened = await openOn(under(vnc), opening);
      const viewer = await viewScreen(opened);
      await viewer.hasPicture();
      await viewer.shows(() => vnc.screen.picture());
      assert.is(viewer.seen.name.startsWith("Press 7") || viewer.seen.name === "press", true);
      await viewer.key(0x61);
      await vnc.program.line(/^key a$/);
      await viewer.leave();
      assert.is((await opened.vendor.closed).how, "ended");
      assert.ok(opened.recordings[0]?.isClosed);
      assert.is(opened.recordings[0]?.subject.kind, "screen");
    });
  }
  test("x11vnc: the vendor sees the device's picture and clicks on it", async () => {
    await using vnc = await startX11vnc();
    const opened = await openOn(under(vnc), opening);
    const viewer = await viewScreen(opened);
    await viewer.shows(() => vnc.screen.picture());
    await viewer.click(100, 120);
    await vnc.program.line(/^release 1 100 120$/);
    await viewer.leave();
  });
  test("a wrong password is tried once, and the vendor is told so without any of the plant's words", async () => {
    await using vnc = await startVnc();
    const opened = await openOn(
      under(vnc, { secret: { kind: "password", password: "wr0ng" } }),
      opening,
    );
    const failure = await failureOf(opened);
    assert.is(failure.code, "device_refused");
    assert.match(failure.message, /^device 127\.0\.0\.1:\d+: wrong password or login: "Auth/);
    assert.not.match(failure.message, /wr0ng/);
    const { reason } = await opened.vendor.closed;
    const told = 'device_refused: "Press 7" refused the password that the edge has for it';
    assert.is(reason, told);
    assert.is(vnc.server.stderr.match(/accepted: /g)?.length, 1);
  });
  test("a device that takes no sign-in after too many wrong ones is named so", async () => {
    await using vnc = await startVnc({
      parameters: ["-UseBlacklist=1", "-BlacklistThreshold=1", "-BlacklistTimeout=100"],
    });
    const secret = { kind: "password", password: "wr0ng" } as const;
    for (let times = 0; times < 2; times += 1) {
      await failureOf(await openOn(under(vnc, { secret }), opening));
    }
    const opened = await openOn(under(vnc), opening);
    assert.match(
      (await failureOf(opened)).message,
      /no security type: "Too many security failures"/,
    );
    assert.match(
      (await opened.vendor.closed).reason ?? "",
      /^device_refused: "Press 7" lets nobody sign in for a while, after too many wrong passwords$/,
    );
  });
  test("without a secret a device that wants one is not even tried", async () => {
    await using vnc = await startVnc();
    const opened = await openOn(under(vnc, { secret: undefined }), opening);
    assert.is((await failureOf(opened)).code, "device_refused");
    assert.match(
      (await opened.vendor.closed).reason ?? "",
      /asks for a password, and the edge has/,
    );
    assert.not.match(vnc.server.stderr, /AuthFailure/);
  });
  test("an SSH key is no password of a screen", async () => {
    await using vnc = await startVnc();
    const secret = { kind: "ssh-key", privateKey: "key" } as const;
    assert.is(
      (await failureOf(await openOn(under(vnc, { secret }), opening))).code,
      "vault_invalid",
    );
  });
  for (const security of ["X509Vnc", "X509Plain"] as const) {
    test(`${security}: under another certificate no password is given`, async () => {
      await using vnc = await startVnc({ security });
      const opened = await openOn(under(vnc, { certificate: otherPin }), opening);
      const failure = await failureOf(opened);
      assert.is(failure.code, "device_changed");
      assert.ok(failure.message.includes(vnc.certificate ?? "none"), failure.message);
      assert.match(
        (await opened.vendor.closed).reason ?? "",
        /is not the device that the owner pi/,
      );
    });
  }
  test("a certificate that nobody pinned is named in the journal, and no password is given", async () => {
    await using vnc = await startVnc({ security: "X509Vnc" });
    const failure = await failureOf(await openOn(under(vnc, { certificate: null }), opening));
    assert.is(failure.code, "device_refused");
    assert.ok(failure.message.includes(`${vnc.certificate}, none is pinned`), failure.message);
  });
  for (const security of ["None", "VncAuth", "TLSVnc"] as const) {
    test(`${security} is too little under a pinned certificate`, async () => {
      await using vnc = await startVnc({ security });
      const opened = await openOn(under(vnc, { certificate: otherPin }), opening);
      assert.is((await failureOf(opened)).code, "device_changed");
      assert.match((await opened.vendor.closed).reason ?? "", /does not show the certificate/);
    });
  }
  test("control reaches the device: key, button, wheel, clipboard and size", async () => {
    await using vnc = await startVnc();
    let touches = 0;
    const onTouch = (): void => void (touches += 1);
    const opened = await openOn(under(vnc, { rights: allRights, onTouch }), opening);
    const viewer = await viewScreen(opened);
    await viewer.hasPicture();
    assert.is(touches, 0, "looking is not touching");
    await viewer.key(0x62);
    await vnc.program.line(/^key b$/);
    await viewer.click(33, 44);
    await vnc.program.line(/^release 1 33 44$/);
    await viewer.pointer(1 << 3, 34, 45);
    await viewer.pointer(0, 34, 45);
    await vnc.program.line(/^press 4 34 45$/);
    await viewer.send(cutText("gr\u00fc\u00dfe"));
    await vnc.screen.hasClipboard("grüße");
    await viewer.send(setDesktopSize(640, 480));
    await vnc.screen.hasSize("640x480");
    await viewer.until(() => viewer.seen.width === 640, "the new size");
    await viewer.shows(() => vnc.screen.picture());
    assert.ok(touches >= 8, `${touches} touches`);
    await viewer.leave();
    const [recording] = opened.recordings;
    const names = recording?.events.map(({ name }) => name) ?? [];
    assert.ok(names.includes("clipboard") && names.includes("resize"), names.join());
    const input = recording?.bytesOf("to-device");
    assert.is(input?.includes(Uint8Array.of(4, 1, 0, 0, 0, 0, 0, 0x62)), false, "no key unasked");
    assert.ok(input?.includes(Uint8Array.of(5, 1, 0, 33, 0, 44)), "the press");
  });
  test("keys are recorded if the policy says so", async () => {
    await using vnc = await startVnc({ security: "None" });
    const opened = await openOn(under(vnc, { recordKeys: true }), opening);
    const viewer = await viewScreen(opened);
    await viewer.key(0x63);
    await vnc.program.line(/^key c$/);
    await viewer.leave();
    const input = opened.recordings[0]?.bytesOf("to-device");
    assert.equal(input, Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x63, 4, 0, 0, 0, 0, 0, 0, 0x63]));
  });
  for (const rights of [["view"], ["view", "resize", "clipboard-in"]]) {
    const named = rights.join(" and ");
    test(`with ${named} no key, button, clipboard or size reaches the device`, async () => {
      await using vnc = await startVnc();
      const opened = await openOn(under(vnc, { rights }), opening);
      const viewer = await viewScreen(opened);
      await viewer.hasPicture();
      await viewer.key(0x78);
      await viewer.click(50, 60);
      await viewer.send(Uint8Array.of(5, 0xff, 0, 50, 0, 60));
      await viewer.send(cutText("smuggled"), setDesktopSize(640, 480));
      // The picture still comes, so all before it was taken; and X tells what another's input looks like beside it.
      await using control = await controlled(vnc);
      await control.viewer.key(0x79);
      await vnc.program.line(/^key y$/);
      await viewer.shows(() => vnc.screen.picture());
      assert.not.match(vnc.program.stdout, /key x|press|move 50 60/);
      assert.is(await vnc.screen.clipboard(), undefined);
      assert.is(await vnc.screen.size(), "800x600");
      await viewer.leave();
      assert.is(opened.recordings[0]?.bytesOf("to-device").length, 0);
    });
  }
  test("without view and control nothing opens", async () => {
    await using vnc = await startVnc();
    const opened = await openOn(under(vnc, { rights: ["clipboard-out", "resize"] }), opening);
    assert.is((await failureOf(opened)).code, "refused");
    assert.is((await opened.vendor.closed).reason, "refused: not granted");
    assert.is(opened.recordings.length, 0);
    assert.not.match(vnc.server.stderr, /accepted/);
  });
  test("the device's clipboard comes out with its right", async () => {
    await using vnc = await startVnc({ security: "None" });
    const rights = ["view", "clipboard-out"];
    const opened = await openOn(under(vnc, { rights }), opening);
    const viewer = await viewScreen(opened);
    await viewer.hasPicture();
    await vnc.screen.setClipboard("recipe 12");
    await viewer.until(() => viewer.seen.cutTexts.includes("recipe 12"), "the clipboard");
    await viewer.leave();
  });
  test("and does not come out without it, in stream or recording", async () => {
    await using vnc = await startVnc({ security: "None" });
    const rights = ["control", "view", "clipboard-in", "resize"];
    const opened = await openOn(under(vnc, { rights }), opening);
    const viewer = await viewScreen(opened);
    await viewer.hasPicture();
    await vnc.screen.setClipboard("recipe 13");
    const [recording] = opened.recordings;
    const isWithheld = (): boolean =>
      recording?.events.some(({ name }) => name === "clipboard-withheld") === true;
    await viewer.key(0x64);
    await viewer.until(isWithheld, "the clipboard on the edge");
    assert.equal(viewer.seen.cutTexts, []);
    assert.is(recording?.bytesOf("from-device").includes("recipe 13"), false);
    await viewer.leave();
  });
  for (const [what, message, named] of refusedMessages) {
    test(`${what} ends the stream, by name in the journal`, async () => {
      await using vnc = await startVnc({ security: "None" });
      const opened = await openOn(under(vnc), opening);
      const viewer = await viewScreen(opened);
      await viewer.hasPicture();
      await viewer.send(message);
      const failure = await failureOf(opened);
      assert.is(failure.code, "message_invalid");
      assert.ok(
        failure.message.includes(`viewer of target "Press 7" sent ${named}`),
        failure.message,
      );
      assert.is((await opened.vendor.closed).how, "aborted");
      assert.ok(opened.recordings[0]?.isClosed);
    });
  }
  test("while nobody watches no input passes; what is held then is let go of, and stays so until it is pressed anew", async () => {
    await using vnc = await startVnc({ security: "None" });
    let isWatched = false;
    const opened = await openOn(under(vnc, { mayInput: () => isWatched }), opening);
    const viewer = await viewScreen(opened);
    await viewer.hasPicture();
    await viewer.key(0x78);
    await viewer.click(10, 11);
    await viewer.send(cutText("smuggled"), setDesktopSize(640, 480));
    isWatched = true;
    await viewer.pointer(1, 20, 21);
    await vnc.program.line(/^press 1 20 21$/);
    assert.not.match(vnc.program.stdout, /key|press 1 10 11/);
    assert.is(await vnc.screen.size(), "800x600");
    assert.is(await vnc.screen.clipboard(), undefined);
    isWatched = false;
    // Without a word of the vendor's.
    await vnc.program.line(/^release 1 20 21$/);
    await viewer.pointer(1, 22, 23);
    isWatched = true;
    await viewer.pointer(1, 24, 25);
    await viewer.pointer(0, 24, 25);
    await viewer.pointer(1, 26, 27);
    await vnc.program.line(/^press 1 26 27$/);
    assert.not.match(vnc.program.stdout, /press 1 2[2-5]/);
    await viewer.leave();
    const watched = opened.recordings[0]?.events.filter(({ name }) => name === "watched");
    assert.equal(
      watched?.map(({ details }) => (details as { isWatched: boolean }).isWatched),
      [false, true, false, true],
    );
  });
  for (const [how, end] of ends) {
    test(`a button that is held is let go of when ${how}`, async () => {
      await using vnc = await startVnc({ security: "None" });
      const opened = await openOn(under(vnc), opening);
      const viewer = await viewScreen(opened);
      await viewer.pointer(1, 70, 80);
      await viewer.send(keyEvent(true, 0xffe3));
      await vnc.program.line(/^press 1 70 80$/);
      await end(opened);
      await vnc.program.line(/^release 1 70 80$/);
      if (end === loseLine) opened.vendor.channel.cut();
      await opened.served.catch(() => undefined);
    });
  }
  test("a device that goes away ends the stream, and the vendor is told", async () => {
    await using vnc = await startVnc({ security: "None" });
    const opened = await openOn(under(vnc), opening);
    const viewer = await viewScreen(opened);
    await viewer.hasPicture();
    await vnc.server.end();
    assert.is((await failureOf(opened)).code, "device_unreachable");
    assert.match((await opened.vendor.closed).reason ?? "", /^device_unreachable: .*"Press 7"/);
  });
  test("a recorder that fails ends the stream; one that cannot begin keeps the device untouched", async () => {
    await using vnc = await startVnc({ security: "None" });
    const opened = await openOn(under(vnc), opening);
    const viewer = await viewScreen(opened);
    await viewer.hasPicture();
    opened.recordings[0]?.fail();
    assert.is((await failureOf(opened)).code, "recording_failed");
    const accepted = vnc.server.stderr.match(/accepted: /g)?.length;
    const onRecording = (): never => {
      throw new SallyportError("disk_full", "no room");
    };
    assert.is(
      (await failureOf(await openOn(under(vnc, { onRecording }), opening))).code,
      "disk_full",
    );
    assert.is(vnc.server.stderr.match(/accepted: /g)?.length, accepted);
  });
  test("a recorder that is behind holds the device back, and the picture is whole when it has caught up", async () => {
    await using vnc = await startVnc({ security: "None" });
    const opened = await openOn(under(vnc), opening);
    const [recording] = opened.recordings;
    const viewer = await viewScreen(opened);
    await viewer.hasPicture();
    const behind = recording ?? opened.recordings[0];
    if (behind === undefined) throw new Error("no recording");
    behind.isBehind = true;
    await viewer.key(0x61);
    await vnc.program.line(/^key a$/);
    await viewer.until(() => viewer.seen.updates > 1, "the update that was under way");
    const { updates } = viewer.seen;
    await viewer.key(0x62);
    assert.is(viewer.seen.updates, updates);
    behind.catchUp();
    await vnc.program.line(/^key b$/);
    await viewer.shows(() => vnc.screen.picture());
    await viewer.leave();
  });
  test("a vendor who reads nothing holds the device back, and gets every byte in the end", async () => {
    await using vnc = await startVnc({ security: "None" });
    const opened = await openOn(under(vnc), opening);
    const viewer = await viewScreen(opened);
    await viewer.hasPicture();
    const { channel } = opened.vendor;
    // Weighed as the window does.
    const settle: (() => void)[] = [];
    let heldBytes = 0;
    const { onData } = channel;
    channel.onData = (bytes, settled) => {
      settle.push(settled);
      heldBytes += bytes.length + itemOverheadBytes;
      onData(bytes, () => undefined);
    };
    // Raw and nothing else: two megabytes each.
    await viewer.send(setEncodings([0]));
    const request = updateRequest(false, { width: 800, height: 600 });
    for (let times = 0; heldBytes < windowBytes; times += 1) {
      assert.ok(times < 20, `${heldBytes} bytes in 20 pictures`);
      const had = viewer.seen.updates;
      await viewer.send(request);
      const isFull = () => heldBytes >= windowBytes;
      await viewer.until(() => isFull() || viewer.seen.updates > had, "a picture, or no room");
    }
    const [updates, held] = [viewer.seen.updates, heldBytes];
    await viewer.send(request, request);
    await viewer.key(0x61);
    await vnc.program.line(/^key a$/);
    assert.ok(heldBytes < windowBytes + 256 * 1024, `${heldBytes} bytes`);
    channel.onData = onData;
    for (const settled of settle) settled();
    await viewer.until(() => viewer.seen.updates > updates, `what followed ${held} bytes`);
    await viewer.shows(() => vnc.screen.picture());
    await viewer.leave();
  });
});

/** A second session on the same device, with all rights. */
async function controlled(vnc: VncDevice) {
  const viewer = await viewScreen(await openOn(under(vnc), opening));
  return { viewer, [Symbol.asyncDispose]: () => viewer.leave() };
}
