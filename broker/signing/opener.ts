// The one conversation with the page that opened this one (shared/protocol.md, "Signing page").
// Invariants: the first ask of the opener counts, any other is nobody's; what is told goes to that ask's own origin, which the browser checks
// when it delivers, so an opener that went elsewhere meanwhile hears nothing; one tell, and it is over.
import { messageOf } from "../../shared/errors.ts";
import {
  failedTell,
  parseSigningAsk,
  readyTell,
  type SigningAsk,
  type SigningTell,
} from "../../shared/signing-page.ts";

/** An ask, and the way back to who asked. */
export interface Asked {
  readonly ask: SigningAsk;
  readonly origin: string;
  /** Tells once; every later call is nothing. */
  tell(tell: SigningTell): void;
}

/** Says that the page is ready, and waits for the opener's ask; rejects for one that is malformed, having told so. */
export function awaitAsk(opener: WindowProxy): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<Asked>();
  const take = (event: MessageEvent<unknown>): void => {
    // Other windows may post, too; only the opener is listened to, and only from a real origin.
    if (event.source !== opener || event.origin === "null") return;
    removeEventListener("message", take);
    let hasTold = false;
    const tell = (message: SigningTell): void => {
      if (hasTold) return;
      hasTold = true;
      opener.postMessage(message, event.origin);
    };
    try {
      resolve({ ask: parseSigningAsk(event.data), origin: event.origin, tell });
    } catch (thrown) {
      tell(failedTell("refused", messageOf(thrown)));
      reject(thrown as Error);
    }
  };
  addEventListener("message", take);
  opener.postMessage(readyTell, "*");
  return promise;
}
