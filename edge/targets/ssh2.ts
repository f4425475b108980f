// The edge's only importer of ssh2, which is CommonJS and whose types lag behind it. Loaded when the first target of kind `ssh` opens.
import type { Duplex } from "node:stream";
import ssh2, {
  type AnyAuthMethod,
  type AuthHandlerMiddleware,
  type PasswordAuthMethod,
  type Server as SshServer,
} from "ssh2";

export const { Client, Server, utils } = ssh2;
export type {
  Algorithms,
  AnyAuthMethod,
  ClientChannel,
  Connection,
  ParsedKey,
  PseudoTtyOptions,
  ServerChannel,
  Session,
} from "ssh2";
export type SshClient = InstanceType<typeof ssh2.Client>;

/** A password login from bytes: ssh2 copies them into the packet, so that the caller can wipe them afterwards. */
export function passwordMethod(username: string, password: Buffer): PasswordAuthMethod {
  return { type: "password", username, password: password as unknown as string };
}

/** Asks `next` for each login method in turn: with null at first, then with what the device takes; false gives up. */
export function askFor(
  next: (left: readonly string[] | null, partial: boolean | null) => AnyAuthMethod | false,
): AuthHandlerMiddleware {
  return (left, partial, answer) => answer(next(left, partial) as AnyAuthMethod);
}

/** Serves the SSH connection that `stream` carries; any duplex stream will do, whatever the types say. */
export function serveStream(server: SshServer, stream: Duplex): void {
  server.injectSocket(stream as unknown as Parameters<SshServer["injectSocket"]>[0]);
}
