// The state of one identity on one machine: `$SALLYPORT_HOME`, by default `~/.config/sallyport`, mode 0700. Several identities live in several homes.
//   key.json                       the person's key: sealed under a passphrase, or the name of one in ssh-agent
//   sites/<site id>/pin.json       the pinned site id, the relay's address and authority, who this person is there
//   sites/<site id>/manifests      the verified chain, one envelope per line, from manifest 1
//   sites/<site id>/checkpoints/   the newest checkpoint seen of each edge
//   sites/<site id>/rosters/       the newest roster seen of each company
//   sites/<site id>/sign-in.json   a sign-in at the relay, at most twelve hours old
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { encodeEnvelope, parseEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import { messageOf } from "../../shared/errors.ts";
import { parseSiteId, type SiteId } from "../../shared/ids.ts";
import type { NewestKind, SiteMemory } from "../../shared/site/memory.ts";
import { CommandError } from "./exit-codes.ts";
import { readIfThere, writeWhole } from "./files.ts";

const pinSchema = v.strictObject({
  site: v.string(),
  /** What the person calls the site on this machine. */
  name: v.string(),
  person: v.nullable(v.string()),
  relay: v.strictObject({ url: v.string(), authority: v.nullable(v.string()) }),
});

/** How this machine knows a site. The id is the root of all verification; the rest is convenience. */
export interface Pin {
  readonly site: SiteId;
  readonly name: string;
  readonly person: string | null;
  readonly relay: RelayAddress;
}

export interface RelayAddress {
  readonly url: string;
  /** PEM of a further authority that its certificate may come from. */
  readonly authority: string | null;
}

const signInSchema = v.strictObject({
  token: v.string(),
  expiresAt: v.number(),
  keyid: v.string(),
});
export type KeptSignIn = v.InferOutput<typeof signInSchema>;

export class Home implements SiteMemory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get keyPath(): string {
    return join(this.path, "key.json");
  }

  /** Makes the folder that a file of this home is about to be written to. */
  async prepare(...parts: readonly string[]): Promise<string> {
    const folder = join(this.path, ...parts);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  async pins(): Promise<Pin[]> {
    const names = await this.#list("sites");
    const pins = await Promise.all(names.map((name) => this.#readPin(name)));
    return pins.filter((pin) => pin !== undefined).sort((a, b) => a.name.localeCompare(b.name));
  }

  /** The site that `wanted` names (its name here, its id, or the beginning of one), or the only one there is. */
  async pinOf(wanted: string | undefined): Promise<Pin> {
    const pins = await this.pins();
    if (pins.length === 0) {
      throw new CommandError(
        "notFound",
        `no site is known in "${this.path}"`,
        "a newcomer: sallyport introduce <link>; an owner: sallyport site create; another identity: set SALLYPORT_HOME",
      );
    }
    const matching =
      wanted === undefined
        ? pins
        : pins.filter((pin) => pin.name === wanted || pin.site.startsWith(wanted));
    const [only, ...others] = matching;
    if (only !== undefined && others.length === 0) return only;
    const names = pins.map((pin) => `"${pin.name}"`).join(", ");
    if (wanted === undefined)
      throw new CommandError(
        "usage",
        `several sites are known here: ${names}`,
        "say which: --site <name or id>",
      );
    throw new CommandError(
      "notFound",
      `site "${wanted}" is ${only === undefined ? "not known" : "ambiguous"} here, expected one of ${names}`,
    );
  }

  async keepPin(pin: Pin): Promise<void> {
    await writeWhole(
      join(await this.prepare("sites", pin.site), "pin.json"),
      `${JSON.stringify(pin, null, 2)}\n`,
    );
  }

  /** The stored manifest chain from manifest 1 on; empty if there is none yet. Stored is not verified: the reader verifies it again. */
  async manifests(site: SiteId): Promise<Envelope[]> {
    const path = join(this.path, "sites", site, "manifests");
    const lines = ((await readIfThere(path)) ?? "").split("\n").filter((line) => line !== "");
    return lines.map((line) => readEnvelope(line, path));
  }

  /** Keeps a verified chain, unless another command has kept a longer one meanwhile: what was seen once is not gone back behind. */
  async keepManifests(site: SiteId, chain: readonly Envelope[]): Promise<void> {
    const path = join(await this.prepare("sites", site), "manifests");
    const kept = ((await readIfThere(path)) ?? "").split("\n").length - 1;
    if (kept > chain.length) return;
    await writeWhole(path, chain.map((envelope) => `${encodeEnvelope(envelope)}\n`).join(""));
  }

  /** The newest document of a kind that was seen and verified: a checkpoint by its edge, a roster by its company. */
  async newest(site: SiteId, kind: NewestKind, id: string): Promise<Envelope | undefined> {
    const path = join(this.path, "sites", site, kind, `${id}.json`);
    const text = await readIfThere(path);
    return text === undefined ? undefined : readEnvelope(text.trimEnd(), path);
  }

  /** Every checkpoint that is remembered of a site: witnesses for evidence. */
  async allCheckpoints(site: SiteId): Promise<Envelope[]> {
    const names = await this.#list(join("sites", site, "checkpoints"));
    const edges = names
      .filter((name) => name.endsWith(".json"))
      .map((name) => name.slice(0, -".json".length));
    const found = await Promise.all(edges.map((edge) => this.newest(site, "checkpoints", edge)));
    return found.filter((envelope) => envelope !== undefined);
  }

  async keepNewest(site: SiteId, kind: NewestKind, id: string, document: Envelope): Promise<void> {
    const folder = await this.prepare("sites", site, kind);
    await writeWhole(join(folder, `${id}.json`), `${encodeEnvelope(document)}\n`);
  }

  async signIn(site: SiteId): Promise<KeptSignIn | undefined> {
    const path = join(this.path, "sites", site, "sign-in.json");
    const text = await readIfThere(path);
    return text === undefined ? undefined : readJson(text, path, signInSchema);
  }

  async keepSignIn(site: SiteId, signIn: KeptSignIn): Promise<void> {
    await writeWhole(
      join(await this.prepare("sites", site), "sign-in.json"),
      `${JSON.stringify(signIn)}\n`,
    );
  }

  async #readPin(name: string): Promise<Pin | undefined> {
    const path = join(this.path, "sites", name, "pin.json");
    const text = await readIfThere(path);
    if (text === undefined) return undefined;
    const pin = readJson(text, path, pinSchema);
    if (pin.site !== name)
      throw new CommandError("invalid", `file "${path}": site: "${pin.site}", expected "${name}"`);
    return { ...pin, site: parseSiteId(pin.site) };
  }

  async #list(folder: string): Promise<string[]> {
    try {
      return await readdir(join(this.path, folder));
    } catch (thrown) {
      if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return [];
      throw thrown;
    }
  }
}

/** A JSON text of one of this home's files; throws naming file and key. */
export function readJson<Schema extends v.GenericSchema>(
  text: string,
  path: string,
  schema: Schema,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (parsed.success) return parsed.output;
  const where = v.getDotPath(parsed.issues[0]) ?? "content";
  throw new CommandError(
    "invalid",
    `file "${path}": ${where}: ${parsed.issues[0].message.toLowerCase()}`,
  );
}

function readEnvelope(text: string, path: string): Envelope {
  try {
    return parseEnvelope(text);
  } catch (thrown) {
    throw new CommandError("invalid", `file "${path}": ${messageOf(thrown)}`);
  }
}
