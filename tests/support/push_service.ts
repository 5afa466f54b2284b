/**
 * A push service on `https://localhost`, with browsers that subscribe there.
 *
 * @module
 */
import type { PushSubscriptionInput } from "@/chat/protocol.ts";
import { Buffer } from "node:buffer";
import { makeCertificate } from "./certificate.ts";
import {
  checkVapid,
  decryptPush,
  makeReceiverKeys,
  type ReceiverKeys,
  type VapidClaims,
} from "./web_push.ts";

/** How long a test waits for a push before it fails. Milliseconds. */
const patience = 10_000;

/** Addresses that are nobody's push service, however much they look like one. */
export const foreignEndpoints = [
  "http://fcm.googleapis.com/x",
  "https://fcm.googleapis.com.evil.example/x",
  "https://evilfcm.googleapis.com/x",
  "https://evil-push.apple.com/x",
  "https://googleapis.com/x",
  "https://evil.example/fcm.googleapis.com",
  "https://evil.example#fcm.googleapis.com",
  "https://evil.example?.fcm.googleapis.com",
  "https://evil.example\\.fcm.googleapis.com",
  "https://fcm.googleapis.com@evil.example/x",
  "https://fcm.googleapis.com:x@evil.example/x",
  "https://user@fcm.googleapis.com/x",
  "https://:secret@fcm.googleapis.com/x",
  "https://fcm.googleapis.com:8443/x",
  "https://fcm.googleapis.com:22/x",
  "https://fcm.googleapis.com./x",
  "https://localhost/x",
  "https://localhost:8000/x",
  "https://127.0.0.1/x",
  "https://127.1:8443/x",
  "https://[::1]/x",
  "https://[::ffff:169.254.169.254]/x",
  "https://169.254.169.254/latest/meta-data",
  "https://10.0.0.1/x",
  "https://2130706433/x",
  "https://postgres/x",
  "https://db.internal:5432/x",
  "https://fcm。googleapis。com.evil.example/x",
  "ftp://fcm.googleapis.com/x",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "//fcm.googleapis.com/x",
  "fcm.googleapis.com/x",
  "https://",
  "",
];

/** A push as it reached the service. */
export interface ReceivedPush {
  /** As the browser decrypts it. */
  payload: string;
  vapid: VapidClaims;
  headers: Headers;
  /** What the service answered. */
  status: number;
}

/** A browser's subscription. */
export class TestSubscription {
  /** What the service answers to pushes for it. */
  answer: { status: number; headers?: Record<string, string> } = { status: 201 };
  /** Every push so far, in order, the ones that were not taken among them. */
  readonly pushes: ReceivedPush[] = [];
  #taken = 0;
  #wake = () => {};

  constructor(
    /** What the browser tells its server. */
    readonly input: PushSubscriptionInput,
    readonly keys: ReceiverKeys,
  ) {}

  /** The next push that was not taken from here yet. */
  async next(): Promise<ReceivedPush> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(
      () => reject(new Error(`Waited ${patience} ms for push ${this.#taken + 1}`)),
      patience,
    );
    if (this.pushes.length > this.#taken) resolve();
    await promise.finally(() => clearTimeout(timer));
    return this.pushes[this.#taken++] as ReceivedPush;
  }

  receive(push: ReceivedPush): void {
    this.pushes.push(push);
    this.#wake();
  }
}

/** `await using service = startPushService()`. */
export interface TestPushService {
  /** `localhost:1234`, as `PUSH_SERVICES` names it. */
  host: string;
  /** Trusts the service's certificate, which nobody else does. */
  fetch: typeof fetch;
  subscribe(): Promise<TestSubscription>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a push service. It refuses whatever a real one would. */
export function startPushService(): TestPushService {
  const { cert, key } = makeCertificate();
  const subscriptions = new Map<string, TestSubscription>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} },
    (request) => receive(request, subscriptions.get(new URL(request.url).pathname)),
  );
  const host = `localhost:${server.addr.port}`;
  const client = Deno.createHttpClient({ caCerts: [cert] });
  return {
    host,
    fetch: (input, init) => fetch(input, { ...init, client }),
    async subscribe() {
      const keys = await makeReceiverKeys();
      const path = `/push/${crypto.randomUUID()}`;
      const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
      const subscription = new TestSubscription({
        endpoint: `https://${host}${path}`,
        keys: { p256dh: base64url(keys.point), auth: base64url(keys.auth) },
      }, keys);
      subscriptions.set(path, subscription);
      return subscription;
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await server.shutdown();
    },
  };
}

async function receive(
  request: Request,
  subscription: TestSubscription | undefined,
): Promise<Response> {
  const body = new Uint8Array(await request.arrayBuffer());
  if (subscription === undefined) return new Response(null, { status: 404 });
  // The request's own are gone once it is answered.
  const headers = new Headers(request.headers);
  const isWhole = request.method === "POST" && headers.get("content-encoding") === "aes128gcm" &&
    /^\d+$/.test(headers.get("ttl") ?? "") && /^[\w-]{0,32}$/.test(headers.get("topic") ?? "") &&
    body.length <= 4_096;
  if (!isWhole) return new Response("Bad request", { status: 400 });
  try {
    const vapid = await checkVapid(headers.get("authorization"), new URL(request.url).origin);
    const payload = await decryptPush(body, subscription.keys);
    const { status, headers: more } = subscription.answer;
    subscription.receive({ payload, vapid, headers, status });
    return new Response(status === 201 ? null : "Not taken", {
      status,
      ...more && { headers: more },
    });
  } catch (error) {
    return new Response(String(error), { status: 403 });
  }
}
