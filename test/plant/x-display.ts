// What the device's own side of a display tells and takes: its picture, size, clipboard; and the key without which no program may draw on it.
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { runProcess, startProcess } from "../support/process.ts";
import type { TemporaryFolder } from "../support/temporary.ts";
import { displayPicture, type DisplayAddress, type Picture } from "./picture.ts";

const settleWaits = 200;
const settleWaitMs = 50;

export interface DisplaySide {
  readonly address: DisplayAddress;
  picture(): Promise<Picture>;
  size(): Promise<string>;
  /** Resolves when the display is `WxH`. */
  hasSize(size: string): Promise<void>;
  /** The text of the clipboard; undefined when nobody holds one, or who does, gives no answer. */
  clipboard(): Promise<string | undefined>;
  /** Resolves when the clipboard's text is `text`. */
  hasClipboard(text: string): Promise<void>;
  /** Holds `text` until another program takes the clipboard. */
  setClipboard(text: string): Promise<void>;
}

/** A display's authority file, made before the server knows its number; `name` it once it does. */
export async function makeAuthority(folder: TemporaryFolder) {
  const cookie = randomBytes(16).toString("hex");
  const file = folder.file("authority", "");
  const add = async (display: string): Promise<void> => {
    const command = `add ${display} MIT-MAGIC-COOKIE-1 ${cookie}\n`;
    const { code, stderr } = await runProcess("xauth", ["-q", "-f", file, "source", "-"], {
      input: command,
    });
    if (code !== 0) throw new Error(`xauth exited with ${code}: ${stderr}`);
  };
  // The server takes the key whatever display it is written down for.
  await add(":0");
  return { file, name: add };
}

/** `started` owns what holds the clipboard. */
export function displaySide(address: DisplayAddress, started: AsyncDisposableStack): DisplaySide {
  // Its own stack, as `started` is moved on to the device once that stands.
  const holders = started.use(new AsyncDisposableStack());
  const run = async (command: string, ...args: string[]) =>
    runProcess(command, args, { env: address });
  const size = async (): Promise<string> => {
    const { stdout, stderr } = await run("xdpyinfo");
    const found = /dimensions:\s+(\d+x\d+) pixels/.exec(stdout)?.[1];
    if (found === undefined) throw new Error(`xdpyinfo tells no size: ${stderr}`);
    return found;
  };
  const clipboard = async (): Promise<string | undefined> => {
    const { code, stdout } = await run("timeout", "2", "xclip", "-o", "-selection", "clipboard");
    return code === 0 ? stdout : undefined;
  };
  return {
    address,
    picture: () => displayPicture(address),
    size,
    hasSize: (expected) => until(async () => (await size()) === expected, `size ${expected}`),
    clipboard,
    hasClipboard: (text) => until(async () => (await clipboard()) === text, `clipboard "${text}"`),
    async setClipboard(text) {
      const args = ["-i", "-selection", "clipboard", "-quiet"];
      await until(async () => {
        if ((await clipboard()) === text) return true;
        // A desktop that has just connected may have taken it since.
        const holder = holders.use(startProcess("xclip", args, { env: address }));
        holder.stdin.end(text);
        return false;
      }, "own clipboard");
    },
  };
}

// X tells of none of this to who does not speak X: the display is asked until it is so.
async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let wait = 0; wait < settleWaits; wait += 1) {
    if (await isSo()) return;
    await delay(settleWaitMs);
  }
  throw new Error(`the display never had ${what}`);
}
