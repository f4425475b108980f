// A desktop as the session would admit it, with a scratch folder of the test's own; and what is left of it on this machine.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { DisplayAddress } from "../../plant/picture.ts";
import type { RdpDevice } from "../../plant/rdp.ts";
import { openOn, type OpenedTarget, type TargetUnderTest } from "../../support/opened-target.ts";
import { temporaryFolder } from "../../support/temporary.ts";

export const opening = { mode: "screen", width: 1024, height: 768 } as const;

export type Changes = Partial<TargetUnderTest> & { readonly certificate?: string };

export interface RdpUnderTest extends Disposable {
  readonly scratch: string;
  open(changes?: Changes): Promise<OpenedTarget>;
  /** The desktops' processes that run now, by name. */
  processes(): { readonly name: string; readonly pid: number }[];
  /** The edge's own display of the desktop that is open. */
  display(): DisplayAddress;
  /** What lies in the scratch folder. */
  files(): string[];
  /** Resolves when no process and no file is left. */
  isClean(): Promise<void>;
}

/** Desktops of one device. */
export function rdpUnderTest(device: RdpDevice): RdpUnderTest {
  const folder = temporaryFolder();
  const scratch = folder.path;
  const processes = (): { name: string; pid: number }[] => processesIn(scratch);
  const files = (): string[] => readdirSync(scratch, { recursive: true }).map(String);
  return {
    scratch,
    open: ({ certificate, ...changes } = {}) =>
      openOn({ ...underTest(device, certificate), scratch, ...changes }, opening),
    processes,
    files,
    display() {
      const pid = processes().find(({ name }) => name === "xfreerdp")?.pid;
      const environ = readIfThere(String(pid), "environ").split("\0");
      const value = (name: string): string =>
        environ.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
      return { DISPLAY: value("DISPLAY"), XAUTHORITY: value("XAUTHORITY") };
    },
    async isClean() {
      for (let wait = 0; wait < 100 && (processes().length > 0 || files().length > 0); wait += 1) {
        await delay(50);
      }
      const left = [...processes().map(({ name }) => name), ...files()];
      if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

function underTest(device: RdpDevice, certificate = device.certificate): TargetUnderTest {
  const { host, port, login, password, security, keyboard } = device;
  return {
    device: { kind: "rdp", host, port, login, domain: null, certificate, security, keyboard },
    secret: { kind: "password", password },
  };
}

/** Processes that work for a scratch folder: they have it in their environment. */
export function processesIn(scratch: string): { name: string; pid: number }[] {
  return readdirSync("/proc")
    .filter(
      (entry) => /^\d+$/.test(entry) && readIfThere(entry, "environ").includes(`=${scratch}/`),
    )
    .map((entry) => ({ name: readIfThere(entry, "comm").trim(), pid: Number(entry) }));
}

function readIfThere(pid: string, file: string): string {
  try {
    return readFileSync(join("/proc", pid, file), "latin1");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
