// The walk of a real server's stream: what goes on, what the edge draws of it, and keyframes from which a fresh viewer goes on.
import assert from "node:assert/strict";
import { scheduler } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { concatBytes } from "../../../shared/bytes.ts";
import { encoding } from "../../../edge/targets/rfb/encodings.ts";
import { ServerStream } from "../../../edge/targets/rfb/server-stream.ts";
import { openNoVncViewer, type NoVncViewer } from "../../naive-twin/novnc-viewer.ts";
import { group } from "../../support/group.ts";
import { freePort } from "../../support/port.ts";
import {
  openScreenClient,
  startScreenDevice,
  type ScreenClient,
  type ScreenDevice,
} from "../../support/screen-device.ts";

const pseudo = [
  encoding.cursor,
  encoding.desktopSize,
  encoding.lastRect,
  encoding.extendedDesktopSize,
  encoding.desktopName,
  encoding.fence,
  encoding.continuousUpdates,
  encoding.extendedMouseButtons,
];
const pictures = ["tight", "zrle", "hextile", "rre", "raw"] as const;

const scrolling =
  "i=0; while [ $i -lt 120 ]; do echo line $i $(date +%N); sleep 0.01; i=$((i+1)); done";
const drawing = `
  package require Tk
  canvas .c -width 300 -height 180 -background #123456; pack .c
  for {set i 0} {$i < 60} {incr i} { .c create oval $i $i [expr 200+$i] [expr 100+$i] -fill [format #%02x%02x80 [expr $i*4] [expr 255-$i*4]] }
  set n 0
  proc tick {} { global n; incr n; .c create text [expr 20+$n%260] [expr 20+($n*7)%140] -text $n -fill white; if {$n < 80} { after 15 tick } else { exit } }
  tick
`;

/** A stream with the vendor's viewer behind it, and viewers that join it at keyframes. */
class Watched {
  readonly stream: ServerStream;
  readonly vendor: NoVncViewer;
  readonly cutTexts: { readonly text: string; readonly isPassed: boolean }[] = [];
  readonly sizes: string[] = [];
  mayCutText = false;
  readonly #passed: Uint8Array[] = [];
  readonly #joins: { readonly keyframe: Uint8Array; readonly from: number }[] = [];
  #ends = 0;

  constructor(vendor: NoVncViewer, client: ScreenClient) {
    this.vendor = vendor;
    const { width, height, name } = client;
    vendor.onFence = (answer) => client.send(answer);
    this.stream = new ServerStream({
      width,
      height,
      name,
      onPass: (bytes) => {
        this.#passed.push(new Uint8Array(bytes));
        vendor.feed(bytes);
      },
      onMessageEnd: () => {
        this.#ends += 1;
        if (this.#ends % 4 === 3) this.join();
        client.ask(true, this.stream.width, this.stream.height);
      },
      mayCutText: () => this.mayCutText,
      onCutText: (text, isPassed) => void this.cutTexts.push({ text, isPassed }),
      onResize: (newWidth, newHeight) => void this.sizes.push(`${newWidth}x${newHeight}`),
    });
  }

  join(): void {
    const keyframe = this.stream.keyframe();
    assert(keyframe);
    this.#joins.push({ keyframe, from: this.#passed.length });
  }

  feed(bytes: Uint8Array): void {
    if (!this.stream.feed(bytes)) while (!this.stream.goOn());
  }

  /** Viewers that joined, fed to the present. */
  async viewers(): Promise<NoVncViewer[]> {
    this.join();
    const viewers: NoVncViewer[] = [];
    for (const { keyframe, from } of this.#joins) {
      const viewer = await openNoVncViewer("fresh");
      viewer.feed(keyframe);
      viewer.feed(concatBytes(...this.#passed.slice(from)));
      viewers.push(viewer);
    }
    return viewers;
  }
}

interface Session extends AsyncDisposable {
  readonly client: ScreenClient;
  readonly watched: Watched;
}

async function watch(port: number, picture: keyof typeof encoding): Promise<Session> {
  const opened: { watched?: Watched } = {};
  const early: Uint8Array[] = [];
  const asked = [encoding.copyRect, encoding[picture], ...pseudo];
  const client = await openScreenClient(port, asked, (bytes) => {
    if (opened.watched === undefined) early.push(new Uint8Array(bytes));
    else opened.watched.feed(bytes);
  });
  const watched = new Watched(await openNoVncViewer(client), client);
  opened.watched = watched;
  // A pointer that this viewer has never moved is drawn into the picture.
  client.send(Uint8Array.of(5, 0, 0, 9, 0, 9));
  client.ask(false, client.width, client.height);
  for (const bytes of early) watched.feed(bytes);
  return { client, watched, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

/** All who watch see what the device has. */
async function agree(watched: Watched, truth: Uint8Array, atLeast: number): Promise<void> {
  const viewers = await watched.viewers();
  assert(viewers.length >= atLeast, `${viewers.length} viewers`);
  for (const [index, viewer] of viewers.entries()) {
    assert(Buffer.from(viewer.colours).equals(truth), `viewer ${index} sees another picture`);
    assert(isDeepStrictEqual(viewer.pointer, watched.vendor.pointer), `pointer of ${index}`);
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries += 1) {
    assert(tries < 200, "it never comes to that");
    await scheduler.wait(50);
  }
}

/** Waits until a viewer shows what the X display has, which is at rest. */
async function sameAs(device: ScreenDevice, viewer: NoVncViewer): Promise<Uint8Array> {
  let truth: Uint8Array = new Uint8Array(0);
  await until(async () => {
    truth = await device.picture();
    return Buffer.from(viewer.colours).equals(truth);
  });
  return truth;
}

await group("rfb stream", { timeoutMs: 120_000 }, (test) => {
  for (const picture of pictures) {
    test(`${picture}: edge, vendor and who joins in the middle see the picture of Xvnc`, async () => {
      await using device = await startScreenDevice();
      const xterm = device.run("xterm", "-geometry", "60x20+0+0", "-e", "sh", "-c", scrolling);
      const wish = device.run("wish");
      wish.stdin.write(drawing);
      await using session = await watch(device.port, picture);
      await Promise.all([xterm.exited, wish.exited]);
      await agree(session.watched, await sameAs(device, session.watched.vendor), 4);
    });
  }

  for (const picture of ["tight", "zrle", "hextile"] as const) {
    test(`${picture}: the same of x11vnc, which is another family of servers`, async () => {
      await using device = await startScreenDevice();
      const port = await freePort();
      const args = `-display ${device.display} -rfbport ${port} -localhost -no6 -noipv6 -nopw -forever -shared -quiet`;
      const server = device.run("x11vnc", ...args.split(" "));
      await server.line(/^PORT=/);
      const xterm = device.run("xterm", "-geometry", "60x20+0+0", "-e", "sh", "-c", scrolling);
      await using session = await watch(port, picture);
      await xterm.exited;
      await agree(session.watched, await sameAs(device, session.watched.vendor), 2);
    });
  }

  test("a screen that gets another size, smaller than what a keyframe must say of the past, and larger again", async () => {
    await using device = await startScreenDevice();
    await using session = await watch(device.port, "tight");
    const { watched } = session;
    device.run("xterm", "-geometry", "60x20+0+0", "-e", "sh", "-c", scrolling);
    await until(() => watched.vendor.updates > 3);
    for (const size of ["100x60", "33x210", "800x500"]) {
      session.client.resize(size);
      await sameAs(device, watched.vendor);
      assert.equal(watched.sizes.at(-1), size);
      watched.join();
    }
    const second = device.run("xterm", "-geometry", "60x20+0+0", "-e", "sh", "-c", scrolling);
    await second.exited;
    await agree(watched, await sameAs(device, watched.vendor), 4);
  });

  test("the device's clipboard goes on with the right alone; told in both cases; the rest of the stream is whole", async () => {
    await using device = await startScreenDevice();
    await using session = await watch(device.port, "tight");
    const { watched } = session;
    for (const [text, mayCutText] of [
      ["kept back", false],
      ["given", true],
    ] as const) {
      watched.mayCutText = mayCutText;
      await device.copy(text);
      await until(() => watched.cutTexts.at(-1)?.text === text);
    }
    assert.deepEqual(watched.cutTexts, [
      { text: "kept back", isPassed: false },
      { text: "given", isPassed: true },
    ]);
    assert.deepEqual(watched.vendor.cutTexts, ["given"]);
    await agree(watched, await sameAs(device, watched.vendor), 1);
  });
});
