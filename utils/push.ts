/**
 * Web push: an encrypted message (RFC 8291) to a browser, by way of its maker's push service.
 *
 * @module
 */
import { discreetFetch } from "./tracing.ts";

/** What we use of `web-push`, which has no types of its own. */
interface WebPush {
  generateRequestDetails(
    subscription: PushSubscription,
    payload: string,
    options: { vapidDetails: Vapid; TTL: number } & Pick<PushOptions, "topic" | "urgency">,
  ): { headers: Record<string, string | number>; body: Uint8Array<ArrayBuffer> };
}
/** With the first push: it would be a tenth of a second of every start. */
const loadWebPush = async () => (await import("web-push")).default as unknown as WebPush;

/** The server's keys in base64url, and where a push service can reach whoever runs it. */
export interface Vapid {
  publicKey: string;
  privateKey: string;
  /** A `mailto:` or `https:` URL. */
  subject: string;
}

/** Where a browser is pushed to, and the keys that only it can decrypt for, in base64url. */
export interface PushSubscription {
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

export interface PushOptions {
  /** At most 32 characters of base64url; a push replaces one of its topic that still waits. */
  topic: string;
  /** How much of a sleeping device's battery it is worth. */
  urgency: "high" | "normal" | "low";
  /** How long the push service keeps it for a device that is away. */
  ttlSeconds: number;
}

/** Sends to push services, and to nobody else. */
export interface Pusher {
  /** Whether this is an address of one of the push services. */
  accepts(endpoint: string): boolean;
  /**
   * @param payload text of at most 3,993 bytes
   * @returns `gone` if nobody can be reached there any more
   * @throws {PushRefused} if the same push will never be taken
   * @throws {PushDelayed} if it may be taken later
   */
  push(
    subscription: PushSubscription,
    payload: string,
    options: PushOptions,
  ): Promise<"sent" | "gone">;
}

/** A push that will not be taken, however often it is tried. */
export class PushRefused extends Error {
  override name = "PushRefused";
}

/** A push that was not taken this time. */
export class PushDelayed extends Error {
  override name = "PushDelayed";
}

const answerMs = 15_000;

/**
 * Whether an endpoint, which anybody can send us, leads to one of these services.
 *
 * @param services host names, each with those below it, or `host:port` for one on a port of its own
 */
export function isPushEndpoint(endpoint: string, services: readonly string[]): boolean {
  const url = URL.parse(endpoint);
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "") return false;
  return services.some((service) => url.host === service || url.host.endsWith(`.${service}`));
}

/** @param parts `services` as {@linkcode isPushEndpoint} takes them */
export function createPusher(
  parts: { vapid: Vapid; services: readonly string[]; fetch?: typeof fetch },
): Pusher {
  const { vapid, services, fetch = discreetFetch } = parts;
  const accepts = (endpoint: string) => isPushEndpoint(endpoint, services);
  return {
    accepts,
    async push(subscription, payload, options) {
      // The services that are configured may have changed since it was stored.
      if (!accepts(subscription.endpoint)) {
        throw new PushRefused("No push service is at this address");
      }
      const { headers, body } = await encrypt(vapid, subscription, payload, options);
      const response = await fetch(subscription.endpoint, {
        method: "POST",
        headers,
        body,
        // It could lead into our own network.
        redirect: "manual",
        signal: AbortSignal.timeout(answerMs),
      }).catch((error) => {
        throw new PushDelayed("The push service does not answer", { cause: error });
      });
      await response.body?.cancel();
      return outcomeOf(response);
    },
  };
}

/** @throws {PushRefused} if the subscription's keys are none */
async function encrypt(
  vapid: Vapid,
  subscription: PushSubscription,
  payload: string,
  { topic, urgency, ttlSeconds }: PushOptions,
): Promise<{ headers: Headers; body: Uint8Array<ArrayBuffer> }> {
  const webPush = await loadWebPush();
  try {
    const options = { vapidDetails: vapid, TTL: ttlSeconds, topic, urgency };
    const { headers, body } = webPush.generateRequestDetails(subscription, payload, options);
    const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    return { headers: new Headers(texts), body };
  } catch (error) {
    throw new PushRefused("The push cannot be encrypted for its subscription", { cause: error });
  }
}

function outcomeOf({ status, ok }: Response): "sent" | "gone" {
  if (ok) return "sent";
  if (status === 404 || status === 410) return "gone";
  const message = `The push service answered ${status}`;
  if (status !== 429 && status < 500) throw new PushRefused(message);
  throw new PushDelayed(message);
}
