// A display of a desktop's own: TigerVNC's Xvnc on a UNIX socket that the edge's user alone can open, with an X authority of its own.
// It leaves no file outside of its folder: its X socket is an abstract one, its number is found by itself (-displayfd), so there is no lock.
import { once } from "node:events";
import { open, type FileHandle } from "node:fs/promises";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import { SallyportError } from "../../../shared/errors.ts";
import { startChild, type Child } from "./child.ts";
import { writeAuthority } from "./x-authority.ts";

const socketName = "rfb";
const authorityName = "authority";
/** Measured: 8 MB with a picture of 1024 by 768, and two pictures of 2560 by 1600 more while it is resized. */
const displayLimits = { dataBytes: 96 * 1024 * 1024, fileBytes: 1024 * 1024 };

export interface DisplayOptions {
  /** Of the desktop's own, 0700; must exist. */
  readonly folder: string;
  readonly width: number;
  readonly height: number;
  readonly rights: readonly string[];
}

export interface Display extends AsyncDisposable {
  readonly pid: number;
  /** What an X client needs to reach it. */
  readonly env: Readonly<Record<"HOME" | "DISPLAY" | "XAUTHORITY" | "TMPDIR", string>>;
  readonly exited: Child["exited"];
  /** A connection to its RFB server, before the first byte. */
  connect(): Promise<Socket>;
}

/** Resolves when it takes connections. */
export async function openDisplay(options: DisplayOptions): Promise<Display> {
  const { folder, width, height, rights } = options;
  await using opened = new AsyncDisposableStack();
  await writeAuthority(join(folder, authorityName));
  const may = (right: string): string => (rights.includes(right) ? "1" : "0");
  // What the edge's filter keeps out is not taken here either: two locks of two makers.
  const args = [
    ["-displayfd", "3", "-auth", authorityName, "-noreset", "-br", "-s", "0"],
    ["-geometry", `${width}x${height}`, "-depth", "24", "-desktop", "desktop"],
    ["-extension", "GLX", "-nolisten", "tcp", "-nolisten", "unix"],
    ["-rfbport", "-1", "-rfbunixpath", socketName, "-rfbunixmode", "0600"],
    ["-SecurityTypes", "None", "-AlwaysShared", "-SendPrimary=0", "-SetPrimary=0"],
    // A key's scan code counts, where it has one.
    ["-RawKeyboard=1"],
    [`-AcceptKeyEvents=${may("control")}`, `-AcceptPointerEvents=${may("control")}`],
    [`-AcceptSetDesktopSize=${may("resize")}`],
    [`-AcceptCutText=${may("clipboard-in")}`, `-SendCutText=${may("clipboard-out")}`],
  ].flat();
  const env = { HOME: folder, TMPDIR: folder };
  const child = opened.use(
    startChild("Xvnc", args, { cwd: folder, env, limits: displayLimits, hasThirdPipe: true }),
  );
  const number = await displayNumber(child);
  // A state folder may be deeper than a socket's name can be long.
  const handle = opened.adopt(await open(folder), (file) => file.close());
  const opening = opened.move();
  return {
    pid: child.pid,
    env: { ...env, DISPLAY: `:${number}`, XAUTHORITY: join(folder, authorityName) },
    exited: child.exited,
    connect: () => connectTo(handle),
    [Symbol.asyncDispose]: () => opening.disposeAsync(),
  };
}

async function displayNumber({ third, exited }: Child): Promise<number> {
  let printed = "";
  third?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const isOver = exited.then(() => "over" as const);
  while (!printed.includes("\n")) {
    const more = third === undefined ? isOver : once(third, "data");
    if ((await Promise.race([more, isOver])) === "over") {
      throw new SallyportError("internal", "the desktop's display did not start");
    }
  }
  return Number.parseInt(printed, 10);
}

async function connectTo(folder: FileHandle): Promise<Socket> {
  const socket = connectSocket(`/proc/self/fd/${folder.fd}/${socketName}`);
  await once(socket, "connect");
  return socket;
}
