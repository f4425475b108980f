// Which kinds of targets this edge can serve now, and which of Debian's packages are missing for the others.
// Programs are looked for where Debian puts them, not along a PATH that somebody set: what is found here is what is started.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { targetKindNames, type TargetKindName } from "../shared/document/rights.ts";

/** Where programs are looked for, and the PATH of all that is started. */
export const programFolders = ["/usr/bin", "/bin", "/usr/local/bin"] as const;

export interface KindReadiness {
  readonly kind: TargetKindName;
  readonly isReady: boolean;
  /** Debian's packages. */
  readonly missing: readonly string[];
}

/** What a kind starts beside the edge's own process, by the package that brings it. */
const programsOfKind: Readonly<
  Partial<Record<TargetKindName, Readonly<Record<string, readonly string[]>>>>
> = {
  rdp: {
    "tigervnc-standalone-server": ["Xvnc"],
    "freerdp2-x11": ["xfreerdp"],
    xdotool: ["xdotool"],
    "util-linux": ["prlimit", "setpriv"],
  },
};

/** How one kind stands at this moment: a package that was installed since counts. */
export async function readKind(
  kind: TargetKindName,
  folders: readonly string[] = programFolders,
): Promise<KindReadiness> {
  const missing: string[] = [];
  for (const [name, programs] of Object.entries(programsOfKind[kind] ?? {})) {
    const found = await Promise.all(programs.map((program) => isProgram(program, folders)));
    if (found.includes(false)) missing.push(name);
  }
  return { kind, isReady: missing.length === 0, missing };
}

/** All kinds, in the order of the rights' list. */
export function readKinds(folders: readonly string[] = programFolders): Promise<KindReadiness[]> {
  return Promise.all(targetKindNames.map((kind) => readKind(kind, folders)));
}

/** One sentence for the log at the edge's start. */
export function kindsLine(kinds: readonly KindReadiness[]): string {
  const ready = kinds.filter(({ isReady }) => isReady).map(({ kind }) => kind);
  const unready = kinds
    .filter(({ isReady }) => !isReady)
    .map(({ kind, missing }) => `; not ${kind}: apt install ${missing.join(" ")}`);
  return `serves ${ready.join(", ")}${unready.join("")}`;
}

async function isProgram(name: string, folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const isThere = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}
