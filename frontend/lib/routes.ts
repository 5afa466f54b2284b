/**
 * The page's addresses, read.
 *
 * @module
 */

export type Route =
  | { name: "inbox" }
  | { name: "thread"; conversationId: string }
  | { name: "new"; userId: string }
  | { name: "profile"; username: string }
  | { name: "notifications" }
  | { name: "settings" }
  | { name: "login" }
  | { name: "register" };

/** The screen that an address names; the inbox for one that names none. */
export function routeOf(url: URL): Route {
  const [first, second] = url.pathname.split("/").filter(Boolean);
  if (first === "login" || first === "register") return { name: first };
  if (first === "notifications" || first === "settings") return { name: first };
  if (first === "u" && second) return { name: "profile", username: decoded(second) };
  if (first === "messages" && second) return { name: "thread", conversationId: second };
  const userId = url.searchParams.get("to");
  return userId ? { name: "new", userId } : { name: "inbox" };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
