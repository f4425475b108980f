// The press's HMIs as a plant has them: the operator panel by VNC, the web panel, and a desktop with that panel by RDP, all showing one press.
// Where a machine lacks the packages for one of them, the others still stand.
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { startRdp, type RdpDevice } from "./rdp.ts";
import { startVnc, type VncDevice } from "./vnc.ts";
import { startWebHmi, type WebHmi } from "./web-hmi.ts";

export interface Panels extends AsyncDisposable {
  readonly web: WebHmi;
  readonly vnc: VncDevice | undefined;
  readonly rdp: RdpDevice | undefined;
}

const screenPrograms = ["Xvnc", "vncpasswd", "wish", "xauth"];
/** The device's, and the edge's own that reach it. */
const desktopPrograms = ["freerdp-shadow-cli", "winpr-hash", "xfreerdp", "xdotool"];
const panelFile = new URL("press-panel.tcl", import.meta.url).pathname;

/** Starts those HMIs of the press behind that Modbus port for which the programs are there. */
export async function startPanels(modbusPort: number): Promise<Panels> {
  await using started = new AsyncDisposableStack();
  const program = ["wish", panelFile, `${modbusPort}`] as const;
  const hasScreens = screenPrograms.every(isThere);
  const hasDesktops = hasScreens && desktopPrograms.every(isThere);
  const web = started.use(await startWebHmi({ modbusPort }));
  const vnc = hasScreens ? started.use(await startVnc({ program: [...program] })) : undefined;
  const rdp = hasDesktops
    ? started.use(await startRdp({ security: "nla", program: [...program] }))
    : undefined;
  const ending = started.move();
  return { web, vnc, rdp, [Symbol.asyncDispose]: () => ending.disposeAsync() };
}

function isThere(program: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
