// The vendor's side of a channel's transport: dials the relay's `/channel/<edge>` and waits there until an edge's tunnel is paired.
// shared/protocol.md, "Control and tunnels".
import * as net from "node:net";
import * as tls from "node:tls";
import type { Clock } from "../../shared/clock.ts";
import { dialWebSocket, parseRoute } from "../../shared/dial.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { socketTransport } from "../../shared/socket-transport.ts";
import type { FrameTransport } from "../../shared/transport.ts";
import { trusting } from "./trust.ts";

export interface ChannelDial {
  readonly relay: URL;
  readonly edge: EdgeId;
  /** Of a live sign-in at this relay. */
  readonly token: string;
  /** An HTTP proxy, as `http://name:password@host:port`. */
  readonly proxy?: URL;
  /** PEM of certificate authorities to trust beside the platform's. */
  readonly extraCa?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly clock: Clock;
}

/**
 * A transport to the edge, through the relay. Set its callbacks in the tick in which this resolves. Throws a SallyportError: `unreachable`
 * and `timeout` may be tried again, `unauthorised`, `forbidden` and `not_found` are the relay's refusals.
 */
export async function dialChannel(dial: ChannelDial): Promise<FrameTransport> {
  const trust = trusting(dial.extraCa ?? null);
  return dialWebSocket(
    {
      connectTcp: net.connect,
      connectTls: (options) => tls.connect({ ...options, ...trust }),
    },
    parseRoute(dial.relay, dial.proxy),
    `/channel/${dial.edge}`,
    { Authorization: `Bearer ${dial.token}` },
    dial,
    (connection, head) => socketTransport(connection, "client", head, dial.clock),
  );
}
