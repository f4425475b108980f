// The plant's devices as targets of a site: an HMI by SSH, a press controller by Modbus TCP, and a sink for bulk bytes.
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
