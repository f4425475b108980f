// What the edge alone knows of a target: where it is, how to sign in. Opened out of the vault when somebody was admitted, and not kept.
// Invariant: a device document counts only in the version that the held manifest names.
import type { CryptoSuite, XWingKeyPair } from "../shared/crypto/suite.ts";
import {
  openDevice,
  parseDeviceDocument,
  verifyDevice,
  type Device,
} from "../shared/document/device.ts";
import type { Envelope } from "../shared/document/envelope.ts";
import type { Held } from "../shared/document/held.ts";
import type { ManifestTarget } from "../shared/document/manifest.ts";
import {
  openSecret,
  parseSecretDocument,
  verifySecret,
  type Secret,
} from "../shared/document/secret.ts";
import type { DocumentHash, EdgeId, TargetId } from "../shared/ids.ts";
import type { ChangedDevices } from "./changed-devices.ts";
import type { Journal } from "./journal.ts";
import type { Vault } from "./vault.ts";

/** The name of the secret that is injected when a target asks who is there. */
const loginSecret = "login";

export interface DevicesOptions {
  readonly suite: CryptoSuite;
  readonly edge: EdgeId;
  readonly vault: Vault;
  readonly journal: Journal;
  readonly sealing: XWingKeyPair;
  /** What they showed is settled by a new device document. */
  readonly changedDevices: Pick<ChangedDevices, "forget">;
}

export class Devices {
  readonly #options: DevicesOptions;

  constructor(options: DevicesOptions) {
    this.#options = options;
  }

  /** A target's address and pins; undefined while the version in force has not come. */
  async device({ id, deviceVersion }: ManifestTarget): Promise<Device | undefined> {
    const { suite, vault, sealing } = this.#options;
    const item = vault.get({ kind: "device", target: id, name: "" });
    if (item === undefined || item.version !== deviceVersion) return undefined;
    const holder = { kind: "edge", privateKey: sealing.privateKey } as const;
    return openDevice(suite, parseDeviceDocument(item.envelope), holder);
  }

  /** What signs in to a target, if anything does. Whoever asks forgets it after use. */
  async secret(target: TargetId): Promise<Secret | undefined> {
    const { suite, vault, sealing } = this.#options;
    const item = vault.get({ kind: "secret", target, name: loginSecret });
    if (item === undefined) return undefined;
    const holder = { kind: "edge", privateKey: sealing.privateKey } as const;
    return openSecret(suite, parseSecretDocument(item.envelope), holder);
  }

  /** Keeps a device document or secret; false if it (of a secret: a newer one) is held already, or it is of another edge. Throws what its verification throws. */
  async take(envelope: Envelope, hash: DocumentHash, held: Held): Promise<boolean> {
    const { edge, vault, journal } = this.#options;
    const isDevice = envelope.type === "device";
    const place = isDevice
      ? { ...parseDeviceDocument(envelope), name: "" }
      : parseSecretDocument(envelope);
    if (place.edge !== edge) return false;
    const { target, name, version } = place;
    const kind = isDevice ? "device" : "secret";
    const heldVersion = vault
      .list()
      .find((item) => item.kind === kind && item.target === target && item.name === name)?.version;
    if (heldVersion === version) return false;
    // A replaced secret comes again with every replay of the log: it is over, and must not wait for a manifest that would admit it.
    if (!isDevice && heldVersion !== undefined && version < heldVersion) return false;
    if (isDevice) await verifyDevice(envelope, held, heldVersion ?? 0);
    else await verifySecret(envelope, held, heldVersion ?? 0);
    await journal.append(`${kind}-held`, { [kind]: hash, target }, { version });
    await vault.put({ kind, target, name, version, envelope });
    if (isDevice) this.#options.changedDevices.forget(target);
    return true;
  }
}
