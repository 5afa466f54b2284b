/**
 * Which screen the address names.
 *
 * @module
 */
import { computed, signal } from "@preact/signals";
import { routeOf } from "../lib/routes.ts";

const address = signal(globalThis.location?.href ?? "http://localhost/messages");

export const route = computed(() => routeOf(new URL(address.value)));

export const paths = {
  inbox: "/messages",
  thread: (conversationId: string) => `/messages/${conversationId}`,
  new: (userId: string) => `/messages?to=${encodeURIComponent(userId)}`,
  profile: (username: string) => `/u/${encodeURIComponent(username)}`,
  login: "/login",
  register: "/register",
};

/** Goes to one of the page's own addresses. */
export function navigate(path: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", path);
  else if (location.pathname + location.search !== path) history.pushState(null, "", path);
  address.value = location.href;
}

/** Follows the browser's back button, and links within the page without loading it anew. */
export function startRouter(): void {
  addEventListener("popstate", () => address.value = location.href);
  addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.origin !== location.origin || link.hasAttribute("download")) {
      return;
    }
    if (!/^\/(messages|u|login|register)(\/|$)/.test(link.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
