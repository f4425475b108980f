// The person's own signing key: an Ed25519 seed sealed in the home, or an Ed25519 key in ssh-agent that the home names.
// Invariant: the private half never leaves this file's closures, and nothing prints it.
import * as v from "valibot";
import { fromBase64Url, toBase64Url } from "../../shared/bytes.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import type { SignPae } from "../../shared/document/envelope.ts";
import { ed25519Key, keyIdOf, type PublicKey } from "../../shared/document/keys.ts";
import type { KeyId } from "../../shared/ids.ts";
import { agentKeys } from "./agent.ts";
import { CommandError } from "./exit-codes.ts";
import { readIfThere, writeNew } from "./files.ts";
import { readJson, type Home } from "./home.ts";
import { newPassphrase, passphraseFor, type PassphraseSources } from "./passphrase.ts";
import { parseSealedSeed, sealSeed, unsealSeed } from "./sealed-seed.ts";
import type { Tui } from "./tui.ts";

const agentSchema = v.strictObject({
  sallyport: v.literal("agent key v1"),
  public: v.string(),
  comment: v.string(),
});

/** What is known of a key without opening it. */
export interface KnownKey {
  readonly kept: "sealed file" | "ssh-agent";
  readonly publicKey: PublicKey;
  readonly keyid: KeyId;
}

/** A key that can sign. */
export interface OpenedKey extends KnownKey {
  readonly sign: SignPae;
}

export interface KeyRingOptions {
  readonly home: Home;
  readonly suite: CryptoSuite;
  readonly tui: Tui;
  readonly sources: PassphraseSources;
  /** SSH_AUTH_SOCK. */
  readonly agentSocket: string | undefined;
}

/** Makes, shows and opens the home's one key. Opening asks for the passphrase once per process. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  #opened: Promise<OpenedKey> | undefined;

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  /** The public half; undefined if this home has no key yet. Asks for nothing. */
  async known(): Promise<KnownKey | undefined> {
    const { home } = this.#options;
    const text = await readIfThere(home.keyPath);
    if (text === undefined) return undefined;
    const agent = isAgentKey(text);
    const { public: half } = agent
      ? readJson(text, home.keyPath, agentSchema)
      : parseSealedSeed(text, home.keyPath, "person");
    return this.#describe(agent ? "ssh-agent" : "sealed file", half);
  }

  /** Makes a fresh key, seals it under a new passphrase and keeps it; throws if the home has one. */
  async createSealed(): Promise<OpenedKey> {
    const { home, suite, tui, sources } = this.#options;
    await this.#mustBeNew();
    const pair = await suite.ed25519KeyPair();
    const passphrase = await newPassphrase(sources, tui, "passphrase for your key");
    const file = await sealSeed("person", pair.privateKey, pair.publicKey, passphrase);
    await home.prepare();
    await writeNew(home.keyPath, `${JSON.stringify(file, null, 2)}\n`);
    return this.#remember(this.#signer(file.public, pair.privateKey));
  }

  /** Keeps the name of a key in ssh-agent: the one that `wanted` (comment or fingerprint) names, or the only one. */
  async adoptFromAgent(wanted: string | undefined): Promise<OpenedKey> {
    const { home, agentSocket } = this.#options;
    await this.#mustBeNew();
    const keys = await agentKeys(agentSocket);
    const fits = keys.filter(
      (key) =>
        wanted === undefined || key.comment === wanted || toBase64Url(key.publicKey) === wanted,
    );
    const [only, ...others] = fits;
    if (only === undefined || others.length > 0) {
      const names = keys.map((key) => `"${key.comment}"`).join(", ");
      throw new CommandError(
        "notFound",
        `ssh-agent holds ${fits.length} fitting ed25519 keys, expected one${names && ` of ${names}`}`,
        only === undefined
          ? "make one: ssh-keygen -t ed25519 && ssh-add"
          : "say which by its comment: --agent-key <comment>",
      );
    }
    await home.prepare();
    const file = {
      sallyport: "agent key v1",
      public: toBase64Url(only.publicKey),
      comment: only.comment,
    };
    await writeNew(home.keyPath, `${JSON.stringify(file, null, 2)}\n`);
    return this.open();
  }

  /** The home's key, ready to sign; asks for the passphrase where one is needed. */
  open(): Promise<OpenedKey> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  async #open(): Promise<OpenedKey> {
    const { home } = this.#options;
    const text = await readIfThere(home.keyPath);
    if (text === undefined) {
      throw new CommandError(
        "nobodyToAsk",
        `no key in "${home.path}"`,
        "make one: sallyport key create",
      );
    }
    return isAgentKey(text) ? this.#openInAgent(text) : this.#openSealed(text);
  }

  async #openSealed(text: string): Promise<OpenedKey> {
    const { home, tui, sources } = this.#options;
    const file = parseSealedSeed(text, home.keyPath, "person");
    const seed = await unsealSeed(
      file,
      await passphraseFor(sources, tui, `passphrase for "${home.keyPath}"`),
    );
    if (seed === undefined)
      throw new CommandError("refused", `passphrase does not open "${home.keyPath}"`);
    return this.#signer(file.public, seed);
  }

  async #openInAgent(text: string): Promise<OpenedKey> {
    const { home, agentSocket } = this.#options;
    const file = readJson(text, home.keyPath, agentSchema);
    const key = (await agentKeys(agentSocket)).find(
      (each) => toBase64Url(each.publicKey) === file.public,
    );
    if (key === undefined) {
      throw new CommandError(
        "nobodyToAsk",
        `ssh-agent does not hold the key "${file.comment}"`,
        "load it: ssh-add <its file>",
      );
    }
    const known = await this.#describe("ssh-agent", file.public);
    return { ...known, sign: async (pae) => ({ keyid: known.keyid, sig: await key.sign(pae) }) };
  }

  async #signer(half: string, seed: Uint8Array): Promise<OpenedKey> {
    const { suite } = this.#options;
    const known = await this.#describe("sealed file", half);
    return {
      ...known,
      sign: async (pae) => ({ keyid: known.keyid, sig: await suite.ed25519Sign(seed, pae) }),
    };
  }

  async #describe(kept: KnownKey["kept"], half: string): Promise<KnownKey> {
    const publicKey = ed25519Key(fromBase64Url(half, 32));
    return { kept, publicKey, keyid: await keyIdOf(this.#options.suite, publicKey) };
  }

  #remember(opened: Promise<OpenedKey>): Promise<OpenedKey> {
    this.#opened = opened;
    return opened;
  }

  async #mustBeNew(): Promise<void> {
    const { home } = this.#options;
    if ((await readIfThere(home.keyPath)) !== undefined) {
      throw new CommandError(
        "refused",
        `"${home.keyPath}" holds a key already`,
        "use it, or start another identity: set SALLYPORT_HOME to a new folder",
      );
    }
  }
}

function isAgentKey(text: string): boolean {
  return text.includes('"agent key v1"');
}
