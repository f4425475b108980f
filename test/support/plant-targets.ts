// The plant's devices as targets of a site: an HMI by SSH, a press controller by Modbus TCP, a sink for bulk bytes; and the press's HMIs.
import { rightsOfKind } from "../../shared/document/rights.ts";
import type { Panels } from "../plant/panels.ts";
import type { RdpDevice } from "../plant/rdp.ts";
import type { VncDevice } from "../plant/vnc.ts";
import type { WebHmi } from "../plant/web-hmi.ts";
import type { Plant } from "../plant/plant.ts";
import type { TargetToAdd } from "./installation.ts";

/** `press-hmi` (ssh), `press-plc` (tcp) and `press-sink` (tcp). */
export function plantTargets({ ssh, modbus, sink }: Plant): readonly TargetToAdd[] {
  return [
    {
      id: "press-hmi",
      name: "Press HMI",
      kind: "ssh",
      rights: ["terminal", "exec", "files"],
      device: ["--host", ssh.host, "--port", `${ssh.port}`, "--login", ssh.login],
      hostKeys: ssh.hostKeys,
      ...(ssh.password === undefined ? { sshKey: ssh.privateKey } : { password: ssh.password }),
    },
    {
      id: "press-plc",
      name: "Press controller",
      kind: "tcp",
      rights: ["connect"],
      device: ["--host", modbus.host, "--port", `${modbus.port}`],
    },
    {
      id: "press-sink",
      name: "Press data logger",
      kind: "tcp",
      rights: ["connect"],
      device: ["--host", sink.host, "--port", `${sink.port}`],
    },
  ];
}

/** `press-panel` (vnc), `press-web` (http) and `press-desktop` (rdp), those that run, with every right of their kinds. */
export function panelTargets({ vnc, web, rdp }: Panels): readonly TargetToAdd[] {
  return [
    ...(vnc === undefined ? [] : [vncTarget(vnc)]),
    webTarget(web),
    ...(rdp === undefined ? [] : [rdpTarget(rdp)]),
  ];
}

export function vncTarget(
  { host, port, login, password, certificate }: VncDevice,
  rights: readonly string[] = rightsOfKind.vnc,
): TargetToAdd {
  const who = login === undefined ? [] : ["--login", login];
  const pinned = certificate === undefined ? [] : ["--certificate", certificate];
  return {
    id: "press-panel",
    name: "Press panel",
    kind: "vnc",
    rights,
    device: ["--host", host, "--port", `${port}`, ...who, ...pinned],
    ...(password !== undefined && { password }),
  };
}

export function webTarget(
  { device, password }: WebHmi,
  rights: readonly string[] = rightsOfKind.http,
): TargetToAdd {
  return { id: "press-web", name: "Press web page", kind: "http", rights, device, password };
}

export function rdpTarget(
  { host, port, login, certificate, security, keyboard, password }: RdpDevice,
  rights: readonly string[] = rightsOfKind.rdp,
): TargetToAdd {
  const address = ["--host", host, "--port", `${port}`, "--login", login];
  return {
    id: "press-desktop",
    name: "Press desktop",
    kind: "rdp",
    rights,
    device: [
      ...address,
      "--certificate",
      certificate,
      "--security",
      security,
      "--keyboard",
      keyboard,
    ],
    password,
  };
}
