// The TOTP code of a session: asked for before the handshake, because an edge waits ten seconds for the flight; attested by the relay for the
// transcript of that very handshake.
import type { Tui } from "./tui.ts";

/** The code given by option, or asked for on the terminal. */
export async function codeFrom(tui: Tui, given: string | undefined): Promise<string> {
  return (
    given ??
    (await tui.ask("code of your authenticator:", "give it in advance: --code <code>")).trim()
  );
}
