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
  notifications: "/notifications",
  settings: "/settings/notifications",
  login: "/login",
  register: "/register",
};

/** Where a visitor wanted to go before they were asked to sign in. */
export function returnPath(): string {
  const { name } = route.value;
  if (name !== "login" && name !== "register") return location.pathname + location.search;
  const wanted = new URLSearchParams(location.search).get("then") ?? "";
  return /^\/(messages|u|notifications|settings)\b/.test(wanted) ? wanted : paths.inbox;
}

/** Another address to sign in at, from which one still gets to where one wanted to go. */
export function signInPath(path: string): string {
  const wanted = returnPath();
  return wanted === paths.inbox ? path : `${path}?${new URLSearchParams({ then: wanted })}`;
}

/** Goes to one of the page's own addresses. */
export function navigate(path: string, { replace = false } = {}): void {
  if (replace) history.replaceState(history.state, "", path);
  else if (location.pathname + location.search !== path) {
    history.pushState({ hasBack: true }, "", path);
  }
  address.value = location.href;
}

/** Goes where the reader came from within the page; to the list, where they came from elsewhere. */
export function goBack(): void {
  if (history.state?.hasBack) history.back();
  else navigate(paths.inbox, { replace: true });
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
    if (!/^\/(messages|u|notifications|settings|login|register)(\/|$)/.test(link.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
