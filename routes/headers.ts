/**
 * The headers that every answer bears, so that a browser does nothing with it that was not meant.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

const policyName = "content-security-policy";

/** For what is no page, should a browser ever take it for one. */
const inertPolicy = "default-src 'none'; frame-ancestors 'none'";

/**
 * Sets them on whatever comes back, unless a route has set its own: a page says in its policy what
 * it needs, and who may frame it.
 *
 * @param https whether members reach us by https alone
 */
export function answerHeaders(https: boolean): MiddlewareHandler[] {
  return [
    secureHeaders({
      overwrite: false,
      xFrameOptions: false,
      // Addresses of the page hold ids of conversations; other sites hear where we are at most.
      referrerPolicy: "strict-origin-when-cross-origin",
      // Not for subdomains: those may be somebody else's, and not on https yet.
      strictTransportSecurity: https && "max-age=15552000",
      permissionsPolicy: {
        camera: false,
        displayCapture: false,
        geolocation: false,
        hid: false,
        microphone: false,
        midi: false,
        payment: false,
        serial: false,
        usb: false,
      },
    }),
    async (c, next) => {
      await next();
      const { headers } = c.res;
      if (!headers.has(policyName)) headers.set(policyName, inertPolicy);
      // For browsers older than frame-ancestors, which can name no one site either.
      if (headers.get(policyName)?.includes("frame-ancestors 'none'")) {
        headers.set("x-frame-options", "DENY");
      }
      // What the API answers is for whoever asked, now.
      if (c.req.path.startsWith("/api/") && !headers.has("cache-control")) {
        headers.set("cache-control", "no-store");
      }
    },
  ];
}
