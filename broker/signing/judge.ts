// Whether an ask may be shown and signed here at all, and what is then shown (shared/protocol.md, "Signing page").
// Invariants: the exact bytes are read by their own strict parser and nothing else; a signature goes only to an origin that a verified manifest
// of the document's own site lists as a relay (sign-ins and introductions: see below); what cannot be explained is refused.
import type { Envelope } from "../../shared/document/envelope.ts";
import { documentInvalid } from "../../shared/document/fields.ts";
import { parseDeny } from "../../shared/document/denial.ts";
import { parseDeviceDocument } from "../../shared/document/device.ts";
import { parseGrant } from "../../shared/document/grant.ts";
import { parseIntroduction } from "../../shared/document/introduction.ts";
import { parseInvitation } from "../../shared/document/invitation.ts";
import { keyMaterial } from "../../shared/document/keys.ts";
import { parseLift, parseLockdown } from "../../shared/document/lockdown.ts";
import { parseManifest, type Manifest, type SigningPage } from "../../shared/document/manifest.ts";
import { parseProof } from "../../shared/document/proof.ts";
import { parseRequest } from "../../shared/document/request.ts";
import { parseRevocation } from "../../shared/document/revocation.ts";
import { parseRoster } from "../../shared/document/roster.ts";
import { parseSecretDocument } from "../../shared/document/secret.ts";
import { parseSignIn, type SignIn } from "../../shared/document/sign-in.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { SiteId } from "../../shared/ids.ts";
import { payloadOfAsk, type SignAsk } from "../../shared/signing-page.ts";
import { explainDeny, explainGrant, explainProof, explainRequest } from "./explain-job.ts";
import {
  explainFirstManifest,
  explainIntroduction,
  explainInvitation,
  explainManifest,
  explainRoster,
  explainSignIn,
} from "./explain-site.ts";
import {
  explainDevice,
  explainLift,
  explainLockdown,
  explainRevocation,
  explainSecret,
} from "./explain-stop.ts";
import { requireExplained } from "./explained.ts";
import { learnSite, personFact, readAbout, type Known } from "./known.ts";
import type { Fact, Question } from "./question.ts";
import { labels, refusals } from "./texts.ts";
import { say } from "./words.ts";

/** Who asks, on which page, when. */
export interface Surroundings {
  /** The origin that the browser names as the ask's sender. */
  readonly askedBy: string;
  /** This page's own origin. */
  readonly page: string;
  /** Unix seconds. */
  readonly nowAt: number;
}

/** An ask that may be signed if the person says yes. */
export interface Judged {
  readonly question: Question;
  /** Exactly what was read, and what is signed. */
  readonly envelope: Envelope;
  readonly rpId: string;
}

/** The question that an ask comes down to; throws for whatever this page does not sign. */
export async function judgeAsk(ask: SignAsk, surroundings: Surroundings): Promise<Judged> {
  const envelope: Envelope = { type: ask.type, payload: payloadOfAsk(ask), signatures: [] };
  const { question, signing } = await explain(ask, envelope, surroundings);
  const rpId = placeOf(signing, ask, surroundings.page);
  const asker: Fact = { label: labels.asker, lines: [say`${surroundings.askedBy}`] };
  return { question: { ...question, facts: [...question.facts, asker] }, envelope, rpId };
}

/** `signing` is the manifest's own page; undefined where no manifest is known. */
interface Explained {
  readonly question: Question;
  readonly signing: SigningPage | null | undefined;
}

async function explain(
  ask: SignAsk,
  envelope: Envelope,
  { askedBy, nowAt }: Surroundings,
): Promise<Explained> {
  requireExplained(envelope);
  const about = await readAbout(ask);
  const learn = (site: SiteId): Promise<Known> => learnSite(ask, site, about, nowAt);

  if (envelope.type === "sign-in") {
    const signIn = parseSignIn(envelope);
    const { site } = signIn;
    const known = site === null || ask.chain.length === 0 ? undefined : await learn(site);
    requireSignInOrigin(signIn, known, askedBy);
    const question = explainSignIn(signIn, known);
    return known === undefined
      ? { question, signing: undefined }
      : { question: withSite(question, known, ask), signing: signingOf(known) };
  }
  if (envelope.type === "introduction") {
    const { site } = parseIntroduction(envelope);
    const known = ask.chain.length > 0 ? await learn(site) : undefined;
    const question = await explainIntroduction(envelope, about, ask.keys, known);
    return { question, signing: known && signingOf(known) };
  }
  if (envelope.type === "manifest") {
    const manifest = parseManifest(envelope);
    if (manifest.version === 1) {
      // Nobody has agreed to it yet, so it speaks for itself.
      if (ask.chain.length > 0) throw documentInvalid(refusals.chainToFirst);
      requireRelay(manifest, askedBy);
      return { question: explainFirstManifest(manifest), signing: manifest.signing };
    }
    const site = manifest.site as SiteId; // named by every manifest but the first, which the parser holds
    const known = await learn(site);
    requireRelay(known.held.manifest.payload, askedBy);
    const question = withSite(await explainManifest(envelope, known), known, ask);
    return { question, signing: signingOf(known) ?? manifest.signing };
  }
  const document = siteDocuments.get(envelope.type);
  if (document === undefined) throw documentInvalid(refusals.type(envelope.type));
  const known = await learn(document.parse(envelope).site);
  requireRelay(known.held.manifest.payload, askedBy);
  const question = await document.explain(envelope, known);
  return { question: withSite(question, known, ask), signing: signingOf(known) };
}

interface SiteDocument {
  readonly parse: (envelope: Envelope) => { readonly site: SiteId };
  readonly explain: (envelope: Envelope, known: Known) => Question | Promise<Question>;
}

const siteDocuments: ReadonlyMap<string, SiteDocument> = new Map([
  ["roster", { parse: parseRoster, explain: explainRoster }],
  ["invitation", { parse: parseInvitation, explain: explainInvitation }],
  ["request", { parse: parseRequest, explain: explainRequest }],
  ["grant", { parse: parseGrant, explain: explainGrant }],
  ["deny", { parse: parseDeny, explain: explainDeny }],
  ["proof", { parse: parseProof, explain: explainProof }],
  ["revocation", { parse: parseRevocation, explain: explainRevocation }],
  ["lockdown", { parse: parseLockdown, explain: explainLockdown }],
  ["lift", { parse: parseLift, explain: explainLift }],
  ["secret", { parse: parseSecretDocument, explain: explainSecret }],
  ["device", { parse: parseDeviceDocument, explain: explainDevice }],
]);

// Attack: a look-alike of the portal has a genuine document signed, or a genuine portal one of another site.
function requireRelay({ relays }: Manifest, askedBy: string): void {
  if (!relays.some(({ url }) => url === askedBy)) throw refused(refusals.origin(askedBy));
}

// Attack: a hostile relay passes on the nonce of another one. Where no site is named there is no manifest that could vouch for an origin, and
// one that the asker brings along is the asker's own: so the relay's name must be the very host that asks.
function requireSignInOrigin({ relay }: SignIn, known: Known | undefined, askedBy: string): void {
  const isHost = new URL(askedBy).host === relay;
  const isListed = known?.held.manifest.payload.relays.some(
    ({ url, name }) => url === askedBy && name === relay,
  );
  if (!isHost && isListed !== true) throw refused(refusals.signInOrigin(askedBy, relay));
}

function signingOf({ held }: Known): SigningPage | null {
  return held.manifest.payload.signing;
}

/** The relying party, if this page is the one that the site signs on. */
function placeOf(signing: SigningPage | null | undefined, ask: SignAsk, page: string): string {
  if (signing === undefined) return ask.rpId ?? new URL(page).hostname;
  if (signing === null) throw refused(refusals.noSigning);
  if (!signing.origins.includes(page)) throw refused(refusals.place(page));
  return signing.rpId;
}

function withSite(question: Question, known: Known, { keys }: SignAsk): Question {
  const { payload } = known.held.manifest;
  const signer = signerOf(known, keys);
  return {
    ...question,
    warnings: [...known.warnings, ...question.warnings],
    facts: [
      ...question.facts,
      { label: labels.site, lines: [say`${payload.name}`] },
      ...(signer === undefined
        ? []
        : [{ label: labels.signer, lines: [personFact(known.held, signer)] }]),
    ],
  };
}

// Whose passkeys these are, if the manifest or a roster says so.
function signerOf({ held }: Known, keys: SignAsk["keys"]): string | undefined {
  const asked = new Set(keys.map(keyMaterial));
  const { persons, companies } = held.manifest.payload;
  return [
    ...persons,
    ...companies.flatMap((item) => item.administrators),
    ...held.rosters.flatMap((item) => item.payload.technicians),
  ].find((person) => person.keys.some((key) => asked.has(keyMaterial(key))))?.id;
}

function refused(message: string): SallyportError {
  return new SallyportError("refused", message);
}
