// The relay's API as a person's side uses it, one method per call. Envelopes come back parsed and unverified.
import * as v from "valibot";
import {
  encodeEnvelope,
  parseEnvelope,
  signEnvelope,
  type Envelope,
} from "../document/envelope.ts";
import { messageOf } from "../errors.ts";
import type { DocumentHash, EdgeId, SiteId } from "../ids.ts";
import { SiteFault } from "./fault.ts";
import { RelayFault, type RelayCall, type RelayCaller } from "./relay-call.ts";

const longestWaitSeconds = 30;
const pageLength = 100;
/** No site has more; a relay that never comes to an end would fill the memory. */
const mostPages = 1_000;

/** An envelope inside an answer. */
const envelope = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, Envelope>(({ dataset, addIssue, NEVER }) => {
    try {
      return parseEnvelope(JSON.stringify(dataset.value));
    } catch (thrown) {
      addIssue({ message: messageOf(thrown) });
      return NEVER;
    }
  }),
);

const relaySchema = v.object({
  name: v.string(),
  url: v.nullish(v.string()),
  attestationKey: v.string(),
  version: v.string(),
});
const signInSchema = v.object({
  token: v.string(),
  expiresAt: v.number(),
  sites: v.array(
    v.object({
      site: v.string(),
      name: v.string(),
      person: v.string(),
      roles: v.array(v.string()),
    }),
  ),
});
/** What `partial` lacks are signatures; `recovering` waits 72 hours for an owner's veto. */
const documentState = v.picklist(["complete", "partial", "recovering"]);
const posted = v.object({
  hash: v.string(),
  seq: v.number(),
  state: documentState,
});
const storedDocument = v.object({
  seq: v.number(),
  hash: v.string(),
  type: v.string(),
  state: documentState,
  envelope,
});
const edgeSchema = v.object({
  edge: v.string(),
  name: v.string(),
  state: v.string(),
  online: v.boolean(),
  since: v.nullable(v.number()),
  checkpoint: v.nullable(envelope),
  /** The same document with the relay's signature added. */
  witness: v.nullable(envelope),
});

const sessionSchema = v.object({
  edge: v.string(),
  session: v.string(),
  person: v.nullable(v.string()),
  request: v.nullable(v.string()),
  startedAt: v.number(),
  endedAt: v.nullable(v.number()),
});

const manifestsSchema = v.object({
  manifests: v.array(v.object({ version: v.number(), envelope })),
  /** Version of the newest one that the relay has. */
  newest: v.optional(v.number()),
});

export type RelayedSession = v.InferOutput<typeof sessionSchema>;
export type RelayDescription = v.InferOutput<typeof relaySchema>;
export type SignedIn = v.InferOutput<typeof signInSchema>;
export type Posted = v.InferOutput<typeof posted>;
export type StoredDocument = v.InferOutput<typeof storedDocument>;
export type ListedEdge = v.InferOutput<typeof edgeSchema>;

export type DocumentType =
  | "manifest"
  | "roster"
  | "invitation"
  | "introduction"
  | "request"
  | "grant"
  | "deny"
  | "revocation"
  | "lockdown"
  | "lift"
  | "secret"
  | "device"
  | "receipt";

/** What anyone may call: no sign-in. */
export class OpenRelay {
  readonly http: RelayCaller;

  constructor(http: RelayCaller) {
    this.http = http;
  }

  describe(): Promise<RelayDescription> {
    return this.http.call({ method: "GET", path: "/api/relay" }, relaySchema);
  }

  async registerSite(registrationToken: string, manifest: Envelope): Promise<void> {
    await this.http.call(
      { method: "POST", path: "/api/sites", body: { registrationToken, envelope: wire(manifest) } },
      v.object({ site: v.string() }),
    );
  }

  invitation(site: SiteId, hash: DocumentHash): Promise<{ envelope: Envelope; state: string }> {
    return this.http.call(
      { method: "GET", path: `/api/sites/${site}/invitations/${hash}` },
      v.object({ envelope, state: v.string() }),
    );
  }

  /** Posts an introduction, the one document that needs no sign-in. */
  introduce(site: SiteId, introduction: Envelope): Promise<Posted> {
    return this.http.call(
      {
        method: "POST",
        path: `/api/sites/${site}/documents`,
        body: { envelope: wire(introduction) },
      },
      posted,
    );
  }

  /**
   * Signs in with a key: the relay's nonce inside a document of its own type, so that the signature is good for nothing else. A relay that
   * shows another one's name and nonce (attack: to sign in there as this person) gets no signature, once a manifest says how it is called.
   */
  async signIn(
    site: SiteId,
    person: string | null,
    sign: Parameters<typeof signEnvelope>[2][number],
    nowSeconds: number,
    expectedNames: readonly string[],
  ): Promise<SignedIn> {
    const { name } = await this.describe();
    if (expectedNames.length > 0 && !expectedNames.includes(name)) {
      const expected = expectedNames.map((each) => `"${each}"`).join(" or ");
      throw new SiteFault("message_invalid", `relay calls itself "${name}", expected ${expected}`);
    }
    const { nonce } = await this.http.call(
      { method: "POST", path: "/api/sign-in/nonce", body: {} },
      v.object({ nonce: v.string() }),
    );
    const document = { relay: name, nonce, site, person, issuedAt: nowSeconds };
    const signed = await signEnvelope("sign-in", document, [sign]);
    return this.http.call(
      { method: "POST", path: "/api/sign-in", body: { envelope: wire(signed) } },
      signInSchema,
    );
  }
}

/** One site at its relay, for a person who is signed in. `token` gives a live sign-in, or nothing where a cookie is one; `renew` replaces one that the relay no longer takes. */
export class SiteRelay {
  readonly site: SiteId;
  readonly #http: RelayCaller;
  readonly #token: (renew: boolean) => Promise<string | undefined>;

  constructor(
    http: RelayCaller,
    site: SiteId,
    token: (renew: boolean) => Promise<string | undefined>,
  ) {
    this.#http = http;
    this.site = site;
    this.#token = token;
  }

  /** Throws `unauthorised` where a cookie stands for the sign-in. */
  async token(): Promise<string> {
    const token = await this.#token(false);
    if (token === undefined) throw new SiteFault("unauthorised", "this sign-in has no token");
    return token;
  }

  /** The manifests from a version on, page by page; what the relay says of their number only decides whether to ask again. */
  async manifests(from: number): Promise<Envelope[]> {
    const found: Envelope[] = [];
    for (let page = 0; page < mostPages; page += 1) {
      const { manifests, newest = 0 } = await this.#call(
        { method: "GET", path: `manifests?from=${from + found.length}` },
        manifestsSchema,
      );
      found.push(...manifests.map((each) => each.envelope));
      if (manifests.length === 0 || from + found.length > newest) return found;
    }
    throw endless("manifests");
  }

  /** Publishes a document; `partial` says that further persons must sign it. */
  publish(document: Envelope): Promise<Posted> {
    return this.#call(
      { method: "POST", path: "documents", body: { envelope: wire(document) } },
      posted,
    );
  }

  /** All documents of the types that this person may see, in the relay's order. */
  async documents(types: readonly DocumentType[]): Promise<StoredDocument[]> {
    const found: StoredDocument[] = [];
    for (let after = 0, pages = 0; pages < mostPages; pages += 1) {
      const page = await this.#page(types, after, 0);
      found.push(...page.documents);
      // A page may be short, or empty, where much of the log is not for this person.
      if (page.after <= after) return found;
      after = page.after;
    }
    throw endless("documents");
  }

  /** What comes after `after`, as soon as there is something; empty after half a minute. */
  news(
    types: readonly DocumentType[],
    after: number,
    signal?: AbortSignal,
  ): Promise<{ documents: StoredDocument[]; after: number }> {
    return this.#page(types, after, longestWaitSeconds, signal);
  }

  async edges(): Promise<ListedEdge[]> {
    return (
      await this.#call({ method: "GET", path: "edges" }, v.object({ edges: v.array(edgeSchema) }))
    ).edges;
  }

  /** Sessions that went through this relay and have not ended, by its own word. */
  async sessions(): Promise<RelayedSession[]> {
    const schema = v.object({ sessions: v.array(sessionSchema) });
    const { sessions } = await this.#call({ method: "GET", path: "sessions" }, schema);
    return sessions.filter(({ endedAt }) => endedAt === null);
  }

  async receipts(document: DocumentHash): Promise<Envelope[]> {
    const schema = v.object({ receipts: v.array(v.object({ envelope })) });
    const answer = await this.#call(
      { method: "GET", path: `receipts?document=${document}` },
      schema,
    );
    return answer.receipts.map((each) => each.envelope);
  }

  /** Asks the edge to stop at once, unsigned: good for 15 minutes. `sent` is false while the edge is away. */
  stop(edge: EdgeId, scope: "grant" | "target" | "edge", id: string): Promise<{ sent: boolean }> {
    return this.#call(
      { method: "POST", path: "stops", body: { edge, scope, id } },
      v.object({ sent: v.boolean() }),
    );
  }

  async totpState(): Promise<string> {
    return (await this.#call({ method: "GET", path: "totp" }, v.object({ state: v.string() })))
      .state;
  }

  enrolTotp(code: string | undefined): Promise<{ secret: string; uri: string }> {
    return this.#call(
      { method: "POST", path: "totp", body: code === undefined ? {} : { code } },
      v.object({ secret: v.string(), uri: v.string() }),
    );
  }

  async confirmTotp(code: string): Promise<void> {
    await this.#call({ method: "POST", path: "totp/confirm", body: { code } }, v.unknown());
  }

  async resetTotp(person: string): Promise<void> {
    await this.#call({ method: "POST", path: "totp/reset", body: { person } }, v.unknown());
  }

  /** The relay's word that this person gave a right code, bound to one handshake. */
  async attest(code: string, transcriptHash: string): Promise<Envelope> {
    const answer = await this.#call(
      { method: "POST", path: "attestations", body: { code, transcriptHash } },
      v.object({ envelope }),
    );
    return answer.envelope;
  }

  #page(
    types: readonly DocumentType[],
    after: number,
    waitSeconds: number,
    signal?: AbortSignal,
  ): Promise<{ documents: StoredDocument[]; after: number }> {
    const wait = waitSeconds === 0 ? "" : `&wait=${waitSeconds}`;
    return this.#call(
      {
        method: "GET",
        path: `documents?type=${types.join(",")}&after=${after}&limit=${pageLength}${wait}`,
        waitMs: waitSeconds * 1000,
        ...(signal && { signal }),
      },
      v.object({ documents: v.array(storedDocument), after: v.number() }),
    );
  }

  async #call<Schema extends v.GenericSchema>(
    call: RelayCall,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>> {
    const path = `/api/sites/${this.site}/${call.path}`;
    const token = await this.#token(false);
    try {
      return await this.#http.call(
        { ...call, path, ...(token !== undefined && { token }) },
        schema,
      );
    } catch (thrown) {
      if (!(thrown instanceof RelayFault && thrown.status === 401)) throw thrown;
      const renewed = await this.#token(true);
      if (renewed === undefined) throw thrown;
      return this.#http.call({ ...call, path, token: renewed }, schema);
    }
  }
}

function endless(what: string): SiteFault {
  return new SiteFault("message_invalid", `relay gives more than ${mostPages} pages of ${what}`);
}

function wire(document: Envelope): unknown {
  return JSON.parse(encodeEnvelope(document));
}
