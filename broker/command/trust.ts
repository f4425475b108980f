// Whom this process takes for a relay: the machine's certificate authorities, and beside them the one of a site's pin.
import tls from "node:tls";

const contexts = new Map<string, tls.SecureContext>();

/** TLS options that trust the machine's authorities and one more. Each set is read once: that takes longer than a whole handshake. */
export function trusting(authority: string | null): { readonly secureContext?: tls.SecureContext } {
  if (authority === null) return {};
  const secureContext =
    contexts.get(authority) ??
    tls.createSecureContext({ ca: [...tls.getCACertificates("default"), authority] });
  contexts.set(authority, secureContext);
  return { secureContext };
}
