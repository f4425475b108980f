// The walk of a real server's stream: what goes on, what the edge draws of it, and keyframes from which a fresh viewer goes on.
import assert from "node:assert/strict";
import { scheduler } from "node:timers/promises";
import { concatBytes } from "../../../shared/bytes.ts";
import { encoding } from "../../../edge/targets/rfb/encodings.ts";
import { ServerStream } from "../../../edge/targets/rfb/server-stream.ts";
import { openNoVncViewer, type NoVncViewer } from "../../naive-twin/novnc-viewer.ts";
import { group } from "../../support/group.ts";
import {
  openScreenClient,
  startScreenDevice,
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

/** Feeds a stream, and compares what the vendor's viewer, the edge and viewers that joined at keyframes see. */
class Watched {
  readonly stream: ServerStream;
  readonly vendor: NoVncViewer;
  readonly joined: { viewer: NoVncViewer; atUpdate: number }[] = [];
  readonly passed: Uint8Array[] = [];
  keyframes: Uint8Array[] = [];
  #pending: Promise<void> = Promise.resolve();
  ended: () => void = () => undefined;
  /** At which of the messages' ends somebody joins. */
  joinAt: (end: number) => boolean = () => false;
  #ends = 0;
  #joining: { keyframe: Uint8Array; from: number }[] = [];

  constructor(vendor: NoVncViewer, width: number, height: number, name: string) {
    this.vendor = vendor;
    this.stream = new ServerStream({
      width,
      height,
      name,
      onPass: (bytes) => {
        const copy = new Uint8Array(bytes);
        this.passed.push(copy);
        vendor.feed(copy);
      },
      onMessageEnd: () => {
        this.#ends += 1;
        if (this.joinAt(this.#ends)) this.join();
        this.ended();
      },
      mayCutText: () => false,
      onCutText: () => undefined,
      onResize: () => undefined,
    });
    void this.#pending;
  }

  join(): void {
    const keyframe = this.stream.keyframe();
    assert(keyframe);
    this.#joining.push({ keyframe, from: this.passed.length });
  }

  feed(bytes: Uint8Array): void {
    if (!this.stream.feed(bytes)) while (!this.stream.goOn());
  }

  /** Viewers that joined, fed to the present. */
  async viewers(): Promise<NoVncViewer[]> {
    const viewers: NoVncViewer[] = [];
    for (const { keyframe, from } of this.#joining) {
      const viewer = await openNoVncViewer("fresh");
      viewer.feed(keyframe);
      viewer.feed(concatBytes(...this.passed.slice(from)));
      viewers.push(viewer);
    }
    return viewers;
  }
}

/** Waits until a viewer shows what the X display has, which is at rest. */
async function sameAs(device: ScreenDevice, viewer: NoVncViewer): Promise<Uint8Array> {
  for (let tries = 0; ; tries += 1) {
    const truth = await device.picture();
    if (Buffer.from(viewer.colours).equals(truth)) return truth;
    assert(tries < 20, "the viewer's picture stays another than the device's");
    await scheduler.wait(100);
  }
}

await group("rfb stream", { timeoutMs: 60_000 }, (test) => {
  for (const picture of pictures) {
    test(`${picture}: edge, vendor and who joins in the middle see the picture of the device`, async () => {
      await using device = await startScreenDevice();
      const xterm = device.run("xterm", "-geometry", "60x20+0+0", "-e", "sh", "-c", scrolling);
      const wish = device.run("wish");
      wish.stdin.write(drawing);
      let watched: Watched | undefined;
      const early: Uint8Array[] = [];
      const asked = [encoding.copyRect, encoding[picture], ...pseudo];
      await using client = await openScreenClient(device.port, asked, (bytes) => {
        if (watched === undefined) early.push(new Uint8Array(bytes));
        else watched.feed(bytes);
      });
      const { width, height, name } = client;
      watched = new Watched(await openNoVncViewer({ width, height }), width, height, name);
      const seen = watched;
      seen.joinAt = (end) => end % 4 === 3;
      seen.ended = () => client.ask(true, seen.stream.width, seen.stream.height);
      seen.vendor.onFence = (answer) => client.send(answer);
      // A pointer that this viewer has never moved is drawn into the picture.
      client.send(Uint8Array.of(5, 0, 2, 127, 1, 143));
      client.ask(false, width, height);
      for (const bytes of early) seen.feed(bytes);
      await xterm.exited;
      await wish.exited;
      const truth = await sameAs(device, seen.vendor);
      seen.join();
      const viewers = await seen.viewers();
      assert(viewers.length > 3);
      for (const viewer of viewers) {
        assert(Buffer.from(viewer.colours).equals(truth), "who joined sees another picture");
        assert.deepEqual(viewer.pointer, seen.vendor.pointer);
      }
      console.log(
        picture,
        viewers.length,
        seen.vendor.updates,
        concatBytes(...seen.passed).length,
        seen.stream.keyframe()?.length,
      );
    });
  }
});
