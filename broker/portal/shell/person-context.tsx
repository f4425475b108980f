// Who is signed in, and the sites that this browser knows, for every page below. Owns: signing in quietly with the browser's own key, keeping the
// views up to date as the relay tells news, and noticing that one was signed out.
import {
  createContext,
  use,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from "react";
import { messageOf } from "../../../shared/errors.ts";
import type { SiteId } from "../../../shared/ids.ts";
import { RelayFault } from "../../../shared/site/relay-call.ts";
import type { DocumentType } from "../../../shared/site/relay-client.ts";
import { ownKey } from "../person/own-key.ts";
import type { PageSide } from "../person/page-side.ts";
import { keepPin, pins, type Pin } from "../person/pins.ts";
import { relayNowMs, signedOut } from "../person/relay-fetch.ts";
import { currentSession, signInByOwnKey, type Session } from "../person/session.ts";

const retryMs = 4_000;
/** News of a little before, so that nothing falls between the first look and the first poll. */
const newsOverlapMs = 10_000;
const chosenKey = "sallyport.site";
/** Set by "Sign out": this browser's own key signs in again only when somebody says so. */
const staySignedOutKey = "sallyport.signed-out";

const watchedTypes: readonly DocumentType[] = [
  "manifest",
  "roster",
  "invitation",
  "introduction",
  "request",
  "grant",
  "deny",
  "revocation",
  "lockdown",
  "lift",
  "receipt",
];

export type Phase = "loading" | "signed-out" | "signed-in";

export interface PersonState {
  readonly phase: Phase;
  readonly session: Session | undefined;
  /** Sites that this browser knows and where one is signed in. */
  readonly sides: readonly PageSide[];
  /** Of the sites that one is signed in at, those that this browser does not know. */
  readonly unknownSites: readonly { readonly site: SiteId; readonly name: string }[];
  readonly side: PageSide | undefined;
  /** Whether this browser was never introduced to a site. */
  readonly knowsNoSite: boolean;
  /** Rises with every news of the chosen site. */
  readonly news: number;
  /** Why a site could not be opened or brought up to date. */
  readonly fault: unknown;
  readonly warnings: readonly string[];
  readonly choose: (site: SiteId) => void;
  /** Looks anew who is signed in and what there is: after a sign-in, a join, a change of the manifest. */
  readonly refresh: () => Promise<void>;
  /** Says that the present sign-in is to be forgotten by this browser too. */
  readonly leave: () => Promise<void>;
}

const PersonContext = createContext<PersonState | undefined>(undefined);

/** The state of the person in front of this page. */
export function usePerson(): PersonState {
  const state = use(PersonContext);
  if (state === undefined) throw new Error("no person around this page");
  return state;
}

/** The chosen site's side; only for pages that are shown while there is one. */
export function useSide(): PageSide {
  const { side } = usePerson();
  if (side === undefined) throw new Error("no site around this page");
  return side;
}

/** Lets this browser's own key sign in by itself again. */
export function allowQuietSignIn(): void {
  localStorage.removeItem(staySignedOutKey);
}

interface Opened {
  readonly session: Session | undefined;
  readonly sides: readonly PageSide[];
  readonly known: readonly Pin[];
}

export function PersonProvider({ children }: { readonly children: ReactNode }) {
  const [opened, setOpened] = useState<Opened>();
  const [chosen, setChosen] = useState(() => localStorage.getItem(chosenKey) ?? "");
  const [news, setNews] = useState(0);
  const [fault, setFault] = useState<unknown>();
  const [warnings, setWarnings] = useState<readonly string[]>([]);
  const runs = useRef(0);

  const refresh = useCallback(async () => {
    const run = (runs.current += 1);
    const warned: string[] = [];
    try {
      const next = await openAll((text) => warned.push(text), setFault);
      if (run !== runs.current) return;
      setOpened(next);
      setWarnings(warned);
      setNews((count) => count + 1);
    } catch (thrown) {
      if (run !== runs.current) return;
      setFault(thrown);
      setTimeout(() => void refresh(), retryMs);
    }
  }, []);

  useEffect(() => {
    void refresh();
    const out = (): void => setOpened((now) => now && { ...now, session: undefined, sides: [] });
    signedOut.addEventListener("signed-out", out);
    return () => signedOut.removeEventListener("signed-out", out);
  }, [refresh]);

  const side = opened?.sides.find((each) => each.id === chosen) ?? opened?.sides[0];
  useNewsOf(side, setNews, refresh, setFault);

  const state = useMemo<PersonState>(
    () => ({
      phase:
        opened === undefined
          ? "loading"
          : opened.session === undefined
            ? "signed-out"
            : "signed-in",
      session: opened?.session,
      sides: opened?.sides ?? [],
      unknownSites: (opened?.session?.sites ?? []).filter(
        ({ site }) => !opened?.known.some((pin) => pin.site === site),
      ),
      side,
      knowsNoSite: opened?.known.length === 0,
      news,
      fault,
      warnings,
      choose: (site) => {
        localStorage.setItem(chosenKey, site);
        setChosen(site);
      },
      refresh,
      leave: async () => {
        localStorage.setItem(staySignedOutKey, "1");
        await refresh();
      },
    }),
    [opened, side, news, fault, warnings, refresh],
  );
  return <PersonContext value={state}>{children}</PersonContext>;
}

async function openAll(
  warn: (text: string) => void,
  tellFault: (thrown: unknown) => void,
): Promise<Opened> {
  const known = await pins();
  const session = (await currentSession()) ?? (await quietSession(known));
  tellFault(undefined);
  if (session === undefined) return { session, sides: [], known };
  // What verifies documents is not needed to sign in, so it comes as a chunk of its own.
  const { openPageSide } = await import("../person/page-side.ts");
  const own = await ownKey();
  const here = known.filter((pin) => session.sites.some(({ site }) => site === pin.site));
  const sides: PageSide[] = [];
  for (const pin of here) {
    try {
      const side = await openPageSide(pin, own, { warning: warn });
      const { name } = side.held.manifest.payload;
      if (name !== pin.name) await keepPin({ ...pin, name });
      sides.push(side);
    } catch (thrown) {
      tellFault(thrown);
    }
  }
  return { session, sides, known };
}

// The browser's own key opens the pages without a touch; on an edge it opens nothing by itself.
async function quietSession(known: readonly Pin[]): Promise<Session | undefined> {
  const own = await ownKey();
  if (own === undefined || known.length === 0) return undefined;
  if (localStorage.getItem(staySignedOutKey) !== null) return undefined;
  const [only, ...others] = known;
  try {
    await signInByOwnKey(own, others.length === 0 ? only : undefined);
  } catch (thrown) {
    // Not listed yet, or signed out everywhere: the person signs in by hand.
    if (thrown instanceof RelayFault && thrown.status < 500) return undefined;
    throw thrown;
  }
  return currentSession();
}

function useNewsOf(
  side: PageSide | undefined,
  setNews: (change: (count: number) => number) => void,
  refresh: () => Promise<void>,
  setFault: (thrown: unknown) => void,
): void {
  const site = side?.id;
  const latest = useRef(side);
  latest.current = side;
  useEffect(() => {
    if (site === undefined) return undefined;
    const over = new AbortController();
    const follow = async (): Promise<void> => {
      let after = relayNowMs() - newsOverlapMs;
      while (!over.signal.aborted) {
        const now = latest.current;
        if (now === undefined) return;
        try {
          const found = await now.relay.news(watchedTypes, after, over.signal);
          setFault(undefined);
          after = Math.max(after, found.after);
          const types = new Set(found.documents.map(({ type }) => type));
          if (types.has("manifest") || types.has("roster")) await refresh();
          else if (types.size > 0) setNews((count) => count + 1);
        } catch (thrown) {
          if (over.signal.aborted) return;
          setFault(thrown);
          await pause(retryMs, over.signal);
        }
      }
    };
    follow().catch((thrown: unknown) => console.error(messageOf(thrown)));
    return () => over.abort();
  }, [site, setNews, refresh, setFault]);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
    addEventListener("online", () => resolve(), { once: true, signal });
  });
}
