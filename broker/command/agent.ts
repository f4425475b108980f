// Ed25519 keys that live in ssh-agent (draft-ietf-sshm-ssh-agent): the command's only importer of ssh2.
// A document's PAE begins with `DSSEv1 `, so a signature made here cannot pass for an SSH login.
import type { ParsedKey } from "ssh2";
import { messageOf } from "../../shared/errors.ts";
import { CommandError } from "./exit-codes.ts";

const algorithm = "ssh-ed25519";
const rawKeyBytes = 32;

export interface AgentKey {
  readonly publicKey: Uint8Array;
  readonly comment: string;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** The Ed25519 keys of the agent at `socketPath` (SSH_AUTH_SOCK); throws if it does not answer. */
export async function agentKeys(socketPath: string | undefined): Promise<AgentKey[]> {
  if (socketPath === undefined) {
    throw new CommandError(
      "nobodyToAsk",
      "no ssh-agent: SSH_AUTH_SOCK is not set",
      "start one: eval $(ssh-agent) && ssh-add",
    );
  }
  const { default: ssh2 } = await import("ssh2"); // Slow to load, and most keys do not live there.
  const agent = new ssh2.OpenSSHAgent(socketPath);
  const keys = await new Promise<ParsedKey[]>((resolve, reject) => {
    agent.getIdentities((error, found) => {
      if (error || found === undefined) {
        reject(
          new CommandError(
            "nobodyToAsk",
            `ssh-agent at "${socketPath}" does not answer: ${messageOf(error)}`,
          ),
        );
      } else resolve(found as ParsedKey[]);
    });
  });
  return keys
    .filter((key) => key.type === algorithm)
    .map((key) => ({
      publicKey: new Uint8Array(key.getPublicSSH().subarray(-rawKeyBytes)),
      comment: key.comment,
      sign: (message) =>
        new Promise((resolve, reject) => {
          agent.sign(key, Buffer.from(message), {}, (error, signature) => {
            if (error || signature === undefined) {
              reject(new CommandError("refused", `ssh-agent did not sign: ${messageOf(error)}`));
            } else resolve(new Uint8Array(signature));
          });
        }),
    }));
}
