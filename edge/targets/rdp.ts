// Kind `rdp`: a remote desktop as a screen (mode `screen`), and the files of its drive (mode `file`). xfreerdp draws on a display of its own, which is
// served like any device that speaks RFB: the same rights, filter and recording.
import { readKind } from "../kinds.ts";
import type { Opening } from "../../shared/channel/messages.ts";
import { DeviceError } from "./device-error.ts";
import { Desktop, type Size } from "./rdp/desktop.ts";
import { serveFile } from "./rdp/drive-stream.ts";
import { Drives } from "./rdp/drive.ts";
import type { PinnedDevice, RdpDevice } from "./rdp/remote-desktop.ts";
import { serveScreen } from "./rfb/screen.ts";
import { refused, type AdmittedOpening, type TargetKind } from "./target.ts";

/** At once on one edge: about 25 MB each, and a box has 512 MB with the edge and its system in it. */
export const maxDesktops = 6;
/** Without the right to resize. */
const fixedSize: Size = { width: 1280, height: 800 };
/** Smaller is no desktop; larger would not fit what its processes may hold. */
const smallest: Size = { width: 640, height: 480 };
const largest: Size = { width: 2560, height: 1600 };

const drives = new Drives();
let desktops = 0;

export const rdp: TargetKind = {
  async open(admitted) {
    const { opening, device } = admitted;
    if (device.kind !== "rdp") throw refused(admitted, `device of kind "${device.kind}"`);
    switch (opening.mode) {
      case "screen":
        return serveDesktop(admitted, pinned(admitted, device), opening);
      case "file":
        return serveFile(admitted, opening, drives);
      case "terminal":
      case "exec":
      case "ssh":
      case "tcp":
      case "web":
        throw refused(admitted, `mode "${opening.mode}"`);
    }
  },
};

async function serveDesktop(
  admitted: AdmittedOpening,
  device: PinnedDevice,
  opening: Extract<Opening, { mode: "screen" }>,
): Promise<void> {
  const { missing } = await readKind("rdp");
  if (missing.length > 0) throw unready(missing);
  if (desktops >= maxDesktops) throw tooMany();
  desktops += 1;
  try {
    await using desktop = new Desktop(admitted, device, drives);
    const size = admitted.rights.includes("resize") ? sizeFor(opening) : fixedSize;
    await serveScreen(admitted, {
      title: `desktop of ${device.login}`,
      connect: (stop) => desktop.connect(size, stop),
    });
  } finally {
    desktops -= 1;
  }
}

// Signed device documents have a pin; the type that they share with devices to be tried does not know.
function pinned(admitted: AdmittedOpening, device: RdpDevice): PinnedDevice {
  const { certificate } = device;
  if (certificate === null) throw refused(admitted, "device without a pinned certificate");
  return { ...device, certificate };
}

// Even, as the protocol wants widths.
function sizeFor({ width, height }: Size): Size {
  const fit = (wanted: number, least: number, most: number): number =>
    Math.min(most, Math.max(least, wanted - (wanted % 2)));
  return {
    width: fit(width, smallest.width, largest.width),
    height: fit(height, smallest.height, largest.height),
  };
}

function unready(missing: readonly string[]): DeviceError {
  const what = `desktops need Debian's packages ${missing.join(", ")}, which this edge lacks`;
  return new DeviceError("device_unreachable", what, what);
}

function tooMany(): DeviceError {
  const what = `${maxDesktops} desktops are open on this edge, which is all that it can hold`;
  return new DeviceError("rate_limited", what, what, { retryable: true });
}
